//! The queue between events and functions, and the results of the events.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;

use crate::lambda::Invocation;

/// The number of times that Lambda invokes a function with an asynchronous event before the event goes to the
/// dead-letter queue.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>.
const TRIES: u32 = 3;
/// The type of the error with which a function rejects an event permanently.
const REJECTED: &str = "InvalidEvent";

/// An event for a function.
#[derive(Clone, Debug)]
pub struct Event {
    /// The payload that the function receives.
    pub payload: Vec<u8>,
    /// `true` if AWS could send the event. The function must reject any other event.
    pub is_valid: bool,
}

/// Events that wait for instances of one function. An event whose invocation fails is delivered again, immediately but
/// after all others. Lambda would wait one minute, and two before the third attempt.
#[derive(Debug, Default)]
pub struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Delivery>,
    /// The number of events of each wave that are not done.
    open: BTreeMap<usize, usize>,
    done: usize,
    is_closed: bool,
}

/// An event that was handed out.
#[derive(Debug)]
pub(super) struct Delivery {
    pub event: Event,
    wave: usize,
    tries: u32,
}

/// The results of events.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The number of events that are done.
    pub events: usize,
    /// The duration of each invocation.
    pub latencies: Vec<Duration>,
    /// The number of calls to AWS in the invocations that succeeded.
    pub calls: u64,
    /// The number of failed invocations, by the type of the error.
    pub errors: BTreeMap<String, usize>,
    /// The number of repeated deliveries after a failed invocation.
    pub redelivered: usize,
    /// The number of events that were rejected correctly.
    pub rejected: usize,
    /// The problems: events that failed as often as Lambda tries, and invalid events that were not rejected.
    pub lost: Vec<String>,
}

impl Queue {
    /// Adds the events of a wave.
    pub fn add(&self, wave: usize, events: Vec<Event>) {
        let mut state = self.state();
        *state.open.entry(wave).or_default() += events.len();
        let deliveries = events.into_iter().map(|event| Delivery {
            event,
            wave,
            tries: 0,
        });
        state.waiting.extend(deliveries);
        self.changed.notify_all();
    }

    /// Lets the instances stop once all events are done.
    pub fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_all();
    }

    /// Waits until this wave and all earlier ones are done.
    pub fn wait_for(&self, wave: usize) {
        let is_open = |state: &mut State| state.open.range(..=wave).any(|(_, open)| *open > 0);
        drop(self.changed.wait_while(self.state(), is_open));
    }

    /// Returns the number of events that are done.
    pub fn done(&self) -> usize {
        self.state().done
    }

    /// Waits for the next event and returns it; `None` if the queue is closed and all events are done.
    pub(super) fn take(&self) -> Option<Delivery> {
        let has_to_wait = |state: &mut State| {
            let is_over = state.is_closed && state.open.values().all(|open| *open == 0);
            state.waiting.is_empty() && !is_over
        };
        let state = self.changed.wait_while(self.state(), has_to_wait);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        state.waiting.pop_front()
    }

    /// Takes back an event with the result of its invocation.
    pub(super) fn finish(
        &self,
        mut delivery: Delivery,
        invocation: &Invocation,
        tally: &mut Tally,
    ) {
        delivery.tries += 1;
        tally.count(invocation);
        let mut state = self.state();
        if invocation.outcome.is_err() && delivery.tries < TRIES {
            tally.redelivered += 1;
            state.waiting.push_back(delivery);
        } else {
            tally.add_result(&delivery.event, invocation);
            state.done += 1;
            if let Some(open) = state.open.get_mut(&delivery.wave) {
                *open -= 1;
            }
        }
        drop(state);
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is complete, even if a thread panicked after it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tally {
    /// Adds the numbers of another tally.
    pub fn add(&mut self, other: Self) {
        self.events += other.events;
        self.latencies.extend(other.latencies);
        self.calls += other.calls;
        for (error, count) in other.errors {
            *self.errors.entry(error).or_default() += count;
        }
        self.redelivered += other.redelivered;
        self.rejected += other.rejected;
        self.lost.extend(other.lost);
    }

    /// Returns the latency that this percentage of all invocations did not exceed; zero if there were none.
    pub fn percentile(&self, percent: usize) -> Duration {
        let mut latencies = self.latencies.clone();
        latencies.sort_unstable();
        let place = (latencies.len() * percent).div_ceil(100).saturating_sub(1);
        latencies.get(place).copied().unwrap_or_default()
    }

    fn count(&mut self, invocation: &Invocation) {
        self.latencies.push(invocation.duration);
        match &invocation.outcome {
            Ok(answer) => {
                self.calls += answer
                    .get("calls")
                    .and_then(Value::as_u64)
                    .unwrap_or_default();
            }
            Err(error) => *self.errors.entry(error.error_type.clone()).or_default() += 1,
        }
    }

    fn add_result(&mut self, event: &Event, invocation: &Invocation) {
        self.events += 1;
        let payload = || String::from_utf8_lossy(&event.payload).into_owned();
        match &invocation.outcome {
            Ok(_) if event.is_valid => {}
            Err(error) if !event.is_valid && error.error_type == REJECTED => self.rejected += 1,
            Ok(answer) => self.lost.push(format!(
                "an invalid event was accepted: {}; response: {answer}",
                payload()
            )),
            Err(error) => self
                .lost
                .push(format!("an event was lost: {}; error: {error}", payload())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::lambda::FunctionError;

    fn failed(error_type: &str) -> Invocation {
        let error = FunctionError {
            error_type: error_type.to_owned(),
            error_message: String::new(),
        };
        Invocation {
            outcome: Err(error),
            duration: Duration::from_millis(1),
        }
    }

    fn event(is_valid: bool) -> Event {
        Event {
            payload: b"{}".to_vec(),
            is_valid,
        }
    }

    #[test]
    fn a_failing_event_is_retried_twice_and_then_lost() {
        let (queue, mut tally) = (Queue::default(), Tally::default());
        queue.add(0, vec![event(true), event(false)]);
        queue.close();
        while let Some(delivery) = queue.take() {
            let error = if delivery.event.is_valid {
                "NotDelivered"
            } else {
                REJECTED
            };
            queue.finish(delivery, &failed(error), &mut tally);
        }
        let counts = (tally.events, tally.latencies.len(), tally.redelivered);
        assert_eq!(counts, (2, 6, 4));
        assert_eq!((tally.rejected, tally.lost.len()), (1, 1));
        assert_eq!(
            (tally.errors[REJECTED], tally.errors["NotDelivered"]),
            (3, 3)
        );
    }

    #[test]
    fn an_invalid_event_that_succeeds_is_a_problem() {
        let (queue, mut tally) = (Queue::default(), Tally::default());
        queue.add(0, vec![event(true), event(false)]);
        queue.close();
        let done = Invocation {
            outcome: Ok(json!({"calls": 3})),
            duration: Duration::from_millis(1),
        };
        while let Some(delivery) = queue.take() {
            queue.finish(delivery, &done, &mut tally);
        }
        queue.wait_for(0);
        assert_eq!((queue.done(), tally.calls, tally.lost.len()), (2, 6, 1));
    }

    #[test]
    fn a_percentile_is_one_of_the_latencies() {
        let latencies = (1..=100).map(Duration::from_millis).collect();
        let tally = Tally {
            latencies,
            ..Tally::default()
        };
        for (percent, milliseconds) in [(50, 50), (95, 95), (100, 100)] {
            let expected = Duration::from_millis(milliseconds);
            assert_eq!(tally.percentile(percent), expected);
        }
        assert_eq!(Tally::default().percentile(50), Duration::ZERO);
    }
}
