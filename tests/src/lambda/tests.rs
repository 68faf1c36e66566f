//! The tests of the runner. The function that they start is this test binary, which then runs only [`function`].

use std::{env, io::Write as _, net::TcpStream, process};

use serde_json::json;

use super::*;

const TIMEOUT: Duration = Duration::from_secs(10);

fn start(behavior: &str) -> Function {
    let binary = env::current_exe().expect("the test binary has a path");
    let mut command = Command::new(&binary);
    command.args([
        "--exact",
        "lambda::tests::function",
        "--ignored",
        "--nocapture",
    ]);
    let environment = [("BEHAVIOR".to_owned(), behavior.to_owned())];
    Function::start_command(&binary, command, environment).expect("the test binary runs")
}

/// Calls the Runtime API. Returns the head and the body of its answer.
fn call(method: &str, path: &str, body: &str) -> (String, String) {
    let address = env::var("AWS_LAMBDA_RUNTIME_API").expect("Lambda sets it");
    let mut stream = TcpStream::connect(&address).expect("the Runtime API listens");
    let length = body.len();
    let head = format!(
        "{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n"
    );
    write!(stream, "{head}Content-Length: {length}\r\n\r\n{body}").expect("the Runtime API reads");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .expect("the Runtime API answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("it answers HTTP");
    (head.to_owned(), body.to_owned())
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    head.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .expect("the header is there")
}

#[test]
#[ignore = "the other tests run it as a function"]
fn function() {
    let Ok(behavior) = env::var("BEHAVIOR") else {
        return;
    };
    if behavior == "init error" {
        call(
            "POST",
            "init/error",
            r#"{"errorType": "Config", "errorMessage": "no table"}"#,
        );
        process::exit(1);
    }
    loop {
        let (head, payload) = call("GET", "invocation/next", "");
        let id = header(&head, "lambda-runtime-aws-request-id");
        let answer =
            |kind: &str, body: &str| call("POST", &format!("invocation/{id}/{kind}"), body).0;
        println!("an event of {} bytes", payload.len());
        match behavior.as_str() {
            "echo" => answer("response", &payload),
            "fail" => answer(
                "error",
                r#"{"errorType": "NotListed", "errorMessage": "denied"}"#,
            ),
            "twice" => {
                answer("response", "1");
                answer("response", "2")
            }
            "die" => process::exit(3),
            "arn" => answer(
                "response",
                &format!("{:?}", header(&head, "lambda-runtime-invoked-function-arn")),
            ),
            "environment" => answer(
                "response",
                &json!(env::vars().collect::<BTreeMap<_, _>>()).to_string(),
            ),
            _ => {
                thread::sleep(Duration::from_mins(1));
                String::new()
            }
        };
    }
}

#[test]
fn a_function_receives_events_and_returns_responses() {
    let mut function = start("echo");
    assert!(function.first_poll().expect("it polls") < INIT_TIMEOUT);
    for payload in [json!({"a": 1}), json!(null)] {
        let invocation = function.invoke(payload.to_string().as_bytes(), TIMEOUT);
        assert_eq!(invocation.outcome, Ok(payload));
    }
    assert!(function.problems().is_empty());
    assert!(
        function
            .resident_memory()
            .is_none_or(|bytes| bytes > 100_000)
    );
    assert!(function.resident_memory() <= function.peak_memory());
    assert_eq!(
        function.cpu_time().is_some(),
        cpu_time(process::id()).is_some()
    );
}

#[test]
fn an_error_keeps_its_type() {
    let error = start("fail")
        .invoke(b"{}", TIMEOUT)
        .outcome
        .expect_err("it fails");
    assert_eq!(error, FunctionError::new("NotListed", "denied"));
}

#[test]
fn a_response_that_is_not_json_is_an_error() {
    let error = start("echo")
        .invoke(b"not JSON", TIMEOUT)
        .outcome
        .expect_err("it is not JSON");
    assert_eq!(error.error_type, "Runtime.InvalidResponse");
}

#[test]
fn a_second_response_is_a_problem() {
    let mut function = start("twice");
    assert_eq!(function.invoke(b"{}", TIMEOUT).outcome, Ok(json!(1)));
    assert_eq!(function.invoke(b"{}", TIMEOUT).outcome, Ok(json!(1)));
    assert!(!function.problems().is_empty());
}

#[test]
fn a_process_that_exits_or_hangs_is_an_error() {
    let mut function = start("die");
    let died = function
        .invoke(b"{}", TIMEOUT)
        .outcome
        .expect_err("it dies");
    assert_eq!(died.error_type, "Runtime.ExitError");
    assert!(
        died.error_message.contains('3') && died.error_message.contains("an event of 2 bytes"),
        "{died}"
    );
    let again = function
        .invoke(b"{}", TIMEOUT)
        .outcome
        .expect_err("it is dead");
    assert_eq!(again.error_type, "Runtime.ExitError");

    let hung = start("hang")
        .invoke(b"{}", Duration::from_millis(300))
        .outcome
        .expect_err("it hangs");
    assert_eq!(hung.error_type, "Sandbox.Timedout");
}

#[test]
fn a_failed_start_is_an_error() {
    let error = start("init error")
        .invoke(b"{}", TIMEOUT)
        .outcome
        .expect_err("it does not start");
    assert_eq!(error, FunctionError::new("Config", "no table"));
    assert!(matches!(
        Function::start(Path::new("/no/such/binary"), []),
        Err(LambdaError::Start { .. })
    ));
}

#[test]
fn the_environment_and_the_arn_are_as_in_lambda() {
    let environment = start("environment")
        .invoke(b"{}", TIMEOUT)
        .outcome
        .expect("it answers");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "256");
    assert!(environment.get("CARGO").is_none() && environment.get("HOME").is_none());

    let arn = start("arn")
        .of_account("210987654321")
        .invoke(b"{}", TIMEOUT)
        .outcome
        .expect("it answers");
    assert!(
        arn.as_str()
            .is_some_and(|arn| arn.starts_with("arn:aws:lambda:us-east-1:210987654321:function:"))
    );
}
