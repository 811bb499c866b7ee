//! Places where a test may kill the process, one at every durable step and effect; compiled in only with the feature `crash_points`.

/// Every crash point, in the order in which one mail passes them.
pub const ALL: &[&str] = &[
    "intake_content_stored",
    "intake_taken_in",
    "job_claimed",
    "decide_read",
    "decide_decided",
    "decide_written_down",
    "carry_plan_loaded",
    "carry_before_begin",
    "carry_begun",
    "carry_effect_done",
    "carry_finished",
    "carry_completed",
];

/// The crash points that only fetched mail passes.
pub const FETCHING: &[&str] =
    &["fetch_before_settle", "fetch_settled", "fetch_cursor_moved", "fetch_renamed", "fetch_name_released"];

/// The crash points that only files pass which people hand in by a page.
pub const UPLOADING: &[&str] = &["upload_files_kept"];

/// The crash points that only a refresh of a token passes.
pub const REFRESHING: &[&str] = &["token_kept"];

/// The crash points that only letters pass.
pub const DELIVERING: &[&str] = &["deliver_begun", "deliver_sent", "deliver_finished"];

/// The crash points that only letters pass that go without their files, because they are too large for their server with them.
pub const SHRINKING: &[&str] = &["deliver_second_form"];

/// The crash points that only bulletins by channels pass.
pub const TELLING: &[&str] = &["bulletin_begun", "bulletin_said"];

/// The crash points that only a replay passes.
pub const REPLAYING: &[&str] = &["replay_decided", "replay_written_down"];

/// The crash points that only a lost answer leads to.
pub const IN_DOUBT: &[&str] = &["doubt_looked", "doubt_found", "doubt_before_repeat", "doubt_repeat_noted"];

/// The crash points that only webhooks pass.
pub const HEARING: &[&str] = &["hook_taken_in"];

/// The crash points that only a history passes that is read.
pub const POLLING: &[&str] = &["poll_taken_in", "poll_page_done"];

/// The crash points that only a decision about events passes.
pub const NOTICING: &[&str] = &["notice_made", "notice_written_down"];

/// The crash points that only letters pass that people write on purpose.
pub const WRITING: &[&str] = &["written_made", "written_written_down", "written_noting", "written_noted"];

/// The crash points that only summaries pass.
pub const SUMMING: &[&str] = &["summary_decided", "summary_written_down"];

/// The crash points that only letters lead to that did not arrive.
pub const RETURNING: &[&str] = &["returned_decided", "returned_written_down"];

/// The crash points that only relayed mail passes.
pub const RELAYING: &[&str] = &["relay_handed_over", "relay_dotted", "relay_noted"];

/// The crash points that only mail passes whose mailbox keeps keys.
pub const HARVESTING: &[&str] = &["decide_harvested"];

/// Those that only relayed mail passes that is kept.
pub const KEEPING: &[&str] = &["relay_kept", "relay_released"];

/// All lists of crash points; none stands in two of them.
pub const LISTS: &[&[&str]] = &[
    ALL, FETCHING, UPLOADING, REFRESHING, DELIVERING, REPLAYING, IN_DOUBT, HEARING, POLLING, TELLING, WRITING, SUMMING,
    SHRINKING, NOTICING, RETURNING, RELAYING, HARVESTING, KEEPING,
];

/// Aborts the process when the environment variable `SEALPOST_CRASH` is `name:N` and this is the N-th passing, from 1.
///
/// Abort and not exit: nothing may be flushed, closed or unwound, as with a power cut or `kill -9`.
#[cfg(feature = "crash_points")]
pub fn crash_point(name: &'static str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static ARMED: OnceLock<Option<(String, AtomicU64)>> = OnceLock::new();
    debug_assert!(LISTS.iter().any(|list| list.contains(&name)), "crash point {name} is not listed");
    let armed = ARMED.get_or_init(|| armed(&std::env::var("SEALPOST_CRASH").ok()?));
    if let Some((wanted, passings_left)) = armed
        && wanted == name
        && passings_left.fetch_sub(1, Ordering::SeqCst) == 1
    {
        std::process::abort();
    }
}

/// Nothing: this build has no crash points.
#[cfg(not(feature = "crash_points"))]
#[inline(always)]
pub fn crash_point(_name: &'static str) {}

#[cfg(feature = "crash_points")]
fn armed(text: &str) -> Option<(String, std::sync::atomic::AtomicU64)> {
    let (name, passing) = text.split_once(':')?;
    Some((name.to_owned(), passing.parse::<u64>().ok()?.into()))
}

#[cfg(all(test, feature = "crash_points"))]
#[allow(clippy::unwrap_used)]
mod tests {
    #[test]
    fn a_crash_point_is_armed_by_name_and_number() {
        let (name, left) = super::armed("carry_begun:3").unwrap();
        assert_eq!((name.as_str(), left.into_inner()), ("carry_begun", 3));
        assert!(super::armed("carry_begun").is_none());
    }
}
