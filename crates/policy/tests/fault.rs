//! Fault codes: stable numbers, each once, in order, with something to tell and something to do.

use policy::{Fault, FaultCode, FaultKind};

#[test]
fn numbers_are_unique_and_ascend() {
    assert!(FaultCode::ALL.windows(2).all(|pair| matches!(pair, [a, b] if a.number() < b.number())));
    assert!(FaultCode::ALL.iter().all(|code| code.number() <= 9999));
}

#[test]
fn every_code_says_what_happened_and_what_to_do() {
    for code in FaultCode::ALL {
        assert!(code.meaning().ends_with('.') && code.remedy().ends_with('.'), "{code}");
    }
}

#[test]
fn a_fault_shows_its_code_and_public_text_but_not_its_detail() {
    let fault = Fault::temporary(FaultCode::TrackerBusy, "ann@customer.example").with_retry_after_s(30);
    assert_eq!((fault.kind, fault.retry_after_s), (FaultKind::Temporary, Some(30)));
    let shown = fault.to_string();
    assert!(shown.starts_with("SP-0303 ") && !shown.contains("ann@"), "{shown}");
    assert_eq!(fault.with_public("Wait a little.").to_string(), "SP-0303 Wait a little.");
}
