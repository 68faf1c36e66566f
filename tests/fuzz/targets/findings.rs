//! Fuzz target: any facts, evaluated by every check and rendered for every sink.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eksentry_tests::hostile::findings(data));
