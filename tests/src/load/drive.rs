//! Warm instances of functions, and the delivery of events to them.

use std::{error::Error, fmt, panic, path::Path, thread, time::Duration};

use eksentry_core::checks::CHECKS;

use super::{ACCOUNT, ChangingAccount, Queue, Tally};
use crate::{account::AccountError, lambda::Function, stand_in::StandIn};

/// The time limit of `ecr-event` in template.yaml.
const TIME_LIMIT: Duration = Duration::from_mins(2);
/// The number of waves that can be open at the same time.
const WAVES_AT_A_TIME: usize = 2;
/// The number of finished events of a pool after which the memory of each instance is read once more.
const MIDDLE: usize = 1_000;

/// Warm instances of one function. Each handles one event at a time.
#[derive(Debug)]
pub struct InstancePool {
    /// The function, by its folder.
    pub function: &'static str,
    /// The instances.
    pub instances: Vec<Function>,
}

/// The results of one instance.
#[derive(Clone, Debug, Default)]
pub struct InstanceResult {
    /// The results of its events.
    pub tally: Tally,
    /// The processor time that it used.
    pub cpu: Duration,
    /// Its resident memory in bytes before the first event, after a thousand of the pool's, and at the end.
    pub memory: [Option<u64>; 3],
}

/// The size of the waves, and the condition for another one.
#[derive(Clone, Copy)]
pub struct Waves<'a> {
    /// The number of image events in a wave, at least.
    pub images: usize,
    /// The number of configuration item changes that AWS Config sends in a wave, at least.
    pub items: usize,
    /// A function that returns `true` if the wave with this number, counted from 0, takes place.
    pub goes_on: &'a (dyn Fn(usize) -> bool + Sync),
    /// A function that is called whenever an event is done.
    pub done: &'a (dyn Fn() + Sync),
}

impl fmt::Debug for Waves<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Waves")
            .field("images", &self.images)
            .field("items", &self.items)
            .finish_non_exhaustive()
    }
}

impl InstancePool {
    /// Starts instances of a function in the role that it is deployed with, and waits until each polls for an event.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such role, or the function does not start.
    pub fn start(
        aws: &StandIn,
        binaries: &Path,
        function: &'static str,
        count: usize,
        environment: &[(String, String)],
    ) -> Result<Self, Box<dyn Error>> {
        let deployment = aws.deployment(environment)?;
        let start = || -> Result<Function, Box<dyn Error>> {
            let own = aws.sign_in(&deployment, function)?.into_iter();
            let own = own.chain(environment.iter().cloned());
            let mut instance = Function::start(&binaries.join(function), own)?.of_account(ACCOUNT);
            instance.first_poll()?;
            Ok(instance)
        };
        Ok(Self {
            function,
            instances: (0..count).map(|_| start()).collect::<Result<_, _>>()?,
        })
    }

    /// Invokes the instances with the events of a queue until it is closed and all its events are done. Calls `done`
    /// after each event. Returns the results of each instance.
    pub fn handle_events(
        &mut self,
        queue: &Queue,
        done: &(dyn Fn() + Sync),
    ) -> Vec<InstanceResult> {
        thread::scope(|scope| {
            let instances = self.instances.iter_mut();
            let results: Vec<_> = instances
                .map(|instance| scope.spawn(|| handle_events(instance, queue, done)))
                .collect();
            let results = results.into_iter().map(thread::ScopedJoinHandle::join);
            results
                .map(|result| result.unwrap_or_else(|panic| panic::resume_unwind(panic)))
                .collect()
        })
    }

    /// Returns the requests of the instances that Lambda would have refused.
    pub fn problems(&self) -> Vec<String> {
        self.instances.iter().flat_map(Function::problems).collect()
    }
}

fn handle_events(
    instance: &mut Function,
    queue: &Queue,
    done: &(dyn Fn() + Sync),
) -> InstanceResult {
    let (cpu, start) = (instance.cpu_time(), instance.resident_memory());
    let (mut tally, mut middle) = (Tally::default(), None);
    while let Some(delivery) = queue.take() {
        let invocation = instance.invoke(&delivery.event.payload, TIME_LIMIT);
        instance.forget_logs();
        queue.finish(delivery, &invocation, &mut tally);
        done();
        if middle.is_none() && queue.done() >= MIDDLE {
            middle = instance.resident_memory();
        }
    }
    let cpu = instance.cpu_time().zip(cpu);
    InstanceResult {
        tally,
        cpu: cpu.map_or(Duration::ZERO, |(now, before)| now.saturating_sub(before)),
        memory: [start, middle, instance.resident_memory()],
    }
}

/// Changes the account in waves, and lets the pools of `ecr-event` and `config-rule` handle the events about the
/// changes at the same time. Returns the results of each instance of both pools.
///
/// # Errors
///
/// Returns an error if the account can't be changed.
pub fn drive(
    aws: &StandIn,
    changing_account: &mut ChangingAccount,
    [images, items]: [&mut InstancePool; 2],
    waves: &Waves<'_>,
) -> Result<[Vec<InstanceResult>; 2], AccountError> {
    for check in CHECKS {
        aws.register_result_token(
            &ChangingAccount::token(check.id),
            &ChangingAccount::rule(check.id),
        );
    }
    let queues = [Queue::default(), Queue::default()];
    thread::scope(|scope| {
        let [of_images, of_items] = &queues;
        let results = [
            scope.spawn(|| images.handle_events(of_images, waves.done)),
            scope.spawn(|| items.handle_events(of_items, waves.done)),
        ];
        let made = make_waves(aws, changing_account, &queues, waves);
        queues.iter().for_each(Queue::close);
        let results = results.map(|result| {
            let result = result.join();
            result.unwrap_or_else(|panic| panic::resume_unwind(panic))
        });
        made.map(|()| results)
    })
}

fn make_waves(
    aws: &StandIn,
    changing_account: &mut ChangingAccount,
    [of_images, of_items]: &[Queue; 2],
    waves: &Waves<'_>,
) -> Result<(), AccountError> {
    for wave in (0..).take_while(|wave| (waves.goes_on)(*wave)) {
        if let Some(past) = wave.checked_sub(WAVES_AT_A_TIME) {
            of_images.wait_for(past);
            of_items.wait_for(past);
        }
        let mut events = (Vec::new(), Vec::new());
        aws.change(|account| events = changing_account.wave(account, waves.images, waves.items))?;
        of_images.add(wave, events.0);
        of_items.add(wave, events.1);
    }
    Ok(())
}
