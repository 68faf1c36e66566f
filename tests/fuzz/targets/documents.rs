//! Fuzz target: any bytes as a mute list, settings, a policy, a ledger and a page of findings.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    eksentry_runtime::fuzzing::documents(data);
    eksentry_reporters::security_hub::fuzzing::documents(data);
    eksentry_tests::hostile::policy(data);
});
