//! Fuzz target: any bytes as the event of every function.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eksentry_runtime::fuzzing::events(data));
