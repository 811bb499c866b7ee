//! One-time codes that follow the clock: TOTP (RFC 6238) with HMAC-SHA-1, six digits and 30 seconds, as every authenticator knows it.

use aws_lc_rs::hmac;

/// Bytes of a secret: what RFC 4226, section 4, recommends.
pub(crate) const SECRET_BYTES: usize = 20;
/// How long one code is good, in seconds.
const STEP_S: i64 = 30;
/// Codes of the step before and after are taken, too, because clocks differ.
const STEPS_OFF: i64 = 1;
const DIGITS: u32 = 6;

/// The step that this code belongs to, when it is one of those that are good at `now_s`, in seconds since 1970.
pub(crate) fn step_of(secret: &[u8], code: &str, now_s: i64) -> Option<i64> {
    let code = code.trim();
    if code.len() != DIGITS as usize {
        return None;
    }
    let now = now_s.div_euclid(STEP_S);
    // Each is compared to its end, whichever fits.
    let mut found = None;
    for step in now - STEPS_OFF..=now + STEPS_OFF {
        let difference =
            code_at(secret, step).bytes().zip(code.bytes()).fold(0, |sum, (one, other)| sum | (one ^ other));
        if difference == 0 {
            found = Some(step);
        }
    }
    found
}

/// The code of a step (RFC 4226, section 5.3).
fn code_at(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag.last().copied().unwrap_or(0) & 0x0f);
    let bytes = tag.iter().skip(offset).take(4);
    let number = bytes.fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) & 0x7fff_ffff;
    format!("{:06}", number % 10_u32.pow(DIGITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, the last six of their eight digits.
        for (now_s, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(step_of(SECRET, code, now_s), Some(now_s / 30), "{code}");
        }
    }

    #[test]
    fn a_code_is_good_for_its_step_and_one_before_and_after() {
        let good = |now_s| step_of(SECRET, "081804", now_s).is_some();
        let begins = 1_111_111_109 / 30 * 30;
        assert!(good(begins - 30) && good(begins) && good(begins + 59));
        assert!(!good(begins - 31) && !good(begins + 60));
        for wrong in ["", "81804", "0818040", "08180x", "\u{660}\u{660}\u{660}", "281804"] {
            assert_eq!(step_of(SECRET, wrong, begins), None, "{wrong}");
        }
        assert!(step_of(SECRET, " 081804 ", begins).is_some(), "as it is pasted");
    }
}
