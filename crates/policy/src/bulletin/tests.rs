//! What is told of what is so, and under which names.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::meter::{Metered, Pack};

fn rule(causes: &[Cause]) -> Rule {
    Rule {
        name: "ops".into(),
        sites: vec![],
        causes: causes.to_vec(),
        usage_percent: vec![50, 80, 95],
        offline_minutes: 30,
        unsealed_minutes: 60,
        projects: Vec::new(),
        mail_reasons: false,
        busy_day_times: 3,
        ahead_days: 14,
        to: vec![],
        channels: vec![],
    }
}

fn day(text: &str) -> i64 {
    Month::day_number(text.parse().unwrap())
}

/// Ten in the morning.
fn at(date: &str) -> Facts {
    Facts { now: day(date) * DAY + 600 * MINUTE, sites: vec!["north".into(), "south".into()], ..Facts::default() }
}

fn plan(messages: u64) -> Capacity {
    Capacity {
        name: "small".into(),
        sites: vec!["south".into()],
        messages: Some(messages),
        bytes: None,
        ends: Some(day("2026-12-03")),
        hold_days: 7,
        packs: vec![],
    }
}

fn counted(site: &str, date: &str, messages: u64) -> Counted {
    let amount = Amount { messages, bytes: messages * 1000 };
    Counted { site: site.into(), day: day(date), what: Metered::Mail, maintenance: false, amount }
}

fn names(rule: &Rule, facts: &Facts) -> Vec<String> {
    bulletins(rule, facts).into_iter().map(|one| one.name).collect()
}

#[test]
fn the_greatest_part_that_is_used_is_told_and_that_nothing_is_left() {
    let rule = rule(&[Cause::Usage]);
    let told = |used: u64| {
        let plan = plan(100);
        let used = [(Month::of_day(day("2026-11-26")), Amount { messages: used, bytes: 0 })];
        let standing = plan.standing(&used, day("2026-11-26"));
        bulletins(&rule, &Facts { plans: vec![(plan, standing)], ..at("2026-11-26") })
    };
    assert_eq!(told(49), []);
    let parts = [50, 79, 80, 99, 100].map(|used| told(used)[0].name.rsplit_once('/').unwrap().1.to_owned());
    assert_eq!(parts, ["50", "50", "80", "95", "spent"]);
    let spent = &told(100)[0];
    assert_eq!((spent.site.as_str(), spent.name.as_str()), ("south", "usage/small/2026-11/100--/spent"));
    let more = plan(200);
    let used = [(Month::of_day(day("2026-11-26")), Amount { messages: 200, bytes: 0 })];
    let standing = more.standing(&used, day("2026-11-26"));
    let again = names(&rule, &Facts { plans: vec![(more, standing)], ..at("2026-11-26") });
    assert_eq!(again, ["usage/small/2026-11/200--/spent"], "of a plan that was given more it is told anew");
    assert!(spent.text.contains("by itself on 2026-12-01"), "{}", spent.text);
    let of_others = Rule { sites: vec!["north".into()], ..rule.clone() };
    let standing = plan(0).standing(&[], day("2026-11-26"));
    assert_eq!(names(&of_others, &Facts { plans: vec![(plan(0), standing)], ..at("2026-11-26") }), [""; 0]);
}

#[test]
fn a_day_is_busy_beside_the_week_before() {
    let rule = rule(&[Cause::BusyDay]);
    let week = |each: u64, now: u64| {
        let days = (19..=25).map(|of| counted("north", &format!("2026-11-{of}"), each));
        let counted = days.chain([counted("north", "2026-11-26", now)]).collect();
        names(&rule, &Facts { counted, ..at("2026-11-26") })
    };
    let told = [format!("busy_day/north/{}", day("2026-11-26"))];
    assert_eq!(week(50, 150), told);
    assert_eq!(week(50, 149), [""; 0]);
    assert_eq!(week(2, 99), [""; 0], "a hundred messages are not many");
    assert_eq!(week(0, 500), [""; 0], "a site that has just begun is not busy");
}

#[test]
fn ends_are_told_ahead_by_what_ends_and_when() {
    let mut plan = plan(100);
    let amount = Amount { messages: 5, bytes: 0 };
    let (from, until) = (day("2026-11-01"), day("2026-12-20"));
    plan.packs.push(Pack { amount, every_month: true, from, until });
    let told = |date: &str| {
        let standing = plan.standing(&[], day(date));
        names(&rule(&[Cause::PlanEnd]), &Facts { plans: vec![(plan.clone(), standing)], ..at(date) })
    };
    assert_eq!(told("2026-11-18"), [""; 0]);
    assert_eq!(told("2026-11-19"), ["plan_end/small/the plan itself/2026-12-03"]);
    assert_eq!(told("2026-12-10"), ["plan_end/small/an upgrade/2026-12-20"]);
}

#[test]
fn letters_that_come_back_are_told_once_a_day_however_many() {
    let rule = rule(&[Cause::Returned]);
    let told = |day: &str, number: u64| {
        let facts = Facts { returned: vec![("north".into(), number), ("south".into(), 0)], ..at(day) };
        bulletins(&rule, &facts).into_iter().map(|one| one.name).collect::<Vec<_>>()
    };
    assert_eq!((told("2026-11-26", 0).len(), told("2026-11-26", 1).len()), (0, 1));
    assert_eq!(told("2026-11-26", 1), told("2026-11-26", 10_000));
    assert_ne!(told("2026-11-26", 1), told("2026-11-27", 1));
}

#[test]
fn an_outage_has_one_name_from_its_beginning_to_its_end() {
    let rule = rule(&[Cause::Offline]);
    let facts = at("2026-11-26");
    let connection = |fails_since| Connection {
        what: Connected::Mailbox,
        name: "desk".into(),
        site: "north".into(),
        fails_since,
        says_no: false,
    };
    let since = facts.now - 30 * MINUTE;
    let told = |fails_since, told_offline: &[String]| {
        let connections = vec![connection(fails_since)];
        names(&rule, &Facts { connections, told_offline: told_offline.to_vec(), ..facts.clone() })
    };
    let outage = format!("offline/mailbox/desk/{since}");
    assert_eq!(told(Some(since + 1), &[]), [""; 0], "not for half an hour yet");
    let no = Connection { what: Connected::Outgoing, says_no: true, ..connection(Some(facts.now)) };
    let at_once = names(&rule, &Facts { connections: vec![no], ..facts.clone() });
    assert_eq!(at_once, [format!("offline/outgoing server/desk/{}", facts.now)], "who says no is told at once");
    assert_eq!(told(Some(since), &[]), std::slice::from_ref(&outage));
    assert_eq!(told(None, &[]), [""; 0], "nobody was told that it was offline");
    assert_eq!(told(None, &[outage.clone(), "offline/mailbox/desk2/1".into()]), [format!("back/{outage}")]);
}

#[test]
fn what_is_stuck_is_told_once_a_day_and_only_when_more_is() {
    let rule = rule(&[Cause::Stuck]);
    let facts = at("2026-11-26");
    let told = |number, last| names(&rule, &Facts { stuck: vec![("north".into(), number, last)], ..facts.clone() });
    assert_eq!(told(3, facts.now), [format!("stuck/north/{}", day("2026-11-26"))]);
    assert_eq!(told(3, facts.now - DAY), [""; 0]);
    assert_eq!(told(0, facts.now), [""; 0]);
}

#[test]
fn letters_that_wait_for_a_key_are_told_once_a_day_after_their_time() {
    let rule = rule(&[Cause::Unsealed]);
    let facts = at("2026-11-26");
    let told = |minutes: &[i64]| {
        let waiting = minutes.iter().map(|minutes| facts.now - minutes * MINUTE).collect();
        let facts = Facts { unsealed: vec![("north".into(), waiting)], ..facts.clone() };
        bulletins(&rule, &facts).into_iter().map(|one| (one.name, one.subject)).collect::<Vec<_>>()
    };
    assert_eq!(told(&[59]), []);
    let name = format!("unsealed/north/{}", day("2026-11-26"));
    assert_eq!(told(&[60, 59]), [(name.clone(), "1 letter waits for a key at the site north".to_owned())]);
    assert_eq!(told(&[60, 600]), [(name, "2 letters wait for a key at the site north".to_owned())]);
}

#[test]
fn a_month_is_summed_up_in_the_first_days_of_the_next_one() {
    let rule = rule(&[Cause::Monthly]);
    let told = |date: &str| {
        let counted = vec![
            counted("north", "2026-11-02", 3),
            counted("north", "2026-11-30", 4),
            counted("south", "2026-12-01", 9),
        ];
        bulletins(&rule, &Facts { counted, ..at(date) })
    };
    assert_eq!(told("2026-12-03").len(), 1);
    assert_eq!(told("2026-12-04"), []);
    let summary = &told("2026-12-01")[0];
    assert_eq!(summary.name, "monthly/north/2026-11");
    assert!(summary.text.contains("together: 7 messages, 7.0 kB"), "{}", summary.text);
}

#[test]
fn nobody_is_told_of_what_he_does_not_want() {
    let facts = Facts { stuck: vec![("north".into(), 1, at("2026-11-26").now)], ..at("2026-11-26") };
    assert_eq!(names(&rule(&[Cause::Usage, Cause::Monthly]), &facts), [""; 0]);
    for cause in Cause::ALL {
        assert_eq!(Cause::of_word(cause.word()), Some(cause));
    }
    assert_eq!(Cause::of_word("test"), None, "a test is asked for, and wanted by nobody else");
}

#[test]
fn priv_07_events_that_wait_are_told_after_one_three_and_six_days() {
    let came = day("2026-11-10") * DAY + 600 * MINUTE;
    let held = HeldEvents { site: "south".into(), events: 3, oldest: came, newest: came, kept_until: came + 30 * DAY };
    let told = |hold_days: u32, after: Micros| {
        let plan = Capacity { hold_days, ends: None, ..plan(0) };
        let now = came + after;
        let standing = plan.standing(&[], now.div_euclid(DAY));
        let facts = Facts { now, plans: vec![(plan, standing)], held: vec![held.clone()], ..at("2026-11-10") };
        bulletins(&rule(&[Cause::EventsHeld]), &facts)
    };
    let parts = |hold_days: u32, days: &[i64]| {
        let part = |days: &i64| told(hold_days, days * DAY).pop().map(|one| one.name);
        days.iter()
            .map(part)
            .map(|name| name.map_or("-".to_owned(), |name| name.rsplit('/').next().unwrap().to_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(parts(7, &[0, 1, 2, 3, 5, 6]), ["-", "1", "1", "3", "3", "6"]);
    assert_eq!(parts(2, &[0, 1]), ["-", "1"]);
    assert_eq!(parts(1, &[0]), ["0"], "a day before the end at the latest");
    assert_eq!(parts(14, &[6, 12, 13]), ["6", "6", "13"]);
    assert_eq!(told(7, DAY - 1), [], "not before a whole day is over");
    let one = told(7, 6 * DAY).pop().unwrap();
    assert_eq!(one.name, "events_held/south/2026-11-17/6");
    for said in
        ["3 events wait", "The first came on 2026-11-10", "On 2026-11-17", "From 2026-12-10", "by itself on 2026-12-01"]
    {
        assert!(one.text.contains(said), "{said}: {}", one.text);
    }
    let others = Rule { sites: vec!["north".into()], ..rule(&[Cause::EventsHeld]) };
    let standing = plan(0).standing(&[], day("2026-11-16"));
    let facts = Facts { plans: vec![(plan(0), standing)], held: vec![held.clone()], ..at("2026-11-16") };
    assert_eq!(names(&others, &facts), [""; 0]);
}

#[test]
fn the_end_of_a_key_is_told_at_30_7_and_1_days_and_when_it_has_come() {
    let rule = rule(&[Cause::KeyEnds]);
    let key = |ends: &str| EndingKey {
        folder: "seal-keys".into(),
        sites: vec!["south".into()],
        of: KeyOf::Own,
        scheme: "smime",
        fingerprint: "0123456789abcdef".into(),
        // At midnight, when the day begins.
        ends_s: Some(day(ends) * (DAY / 1_000_000)),
        is_weak: false,
    };
    let told = |key: EndingKey| bulletins(&rule, &Facts { keys: vec![key], ..at("2026-11-26") });
    for (ends, stage) in [
        ("2026-12-27", None),
        ("2026-12-26", Some("30")),
        ("2026-12-04", Some("30")),
        ("2026-12-03", Some("7")),
        ("2026-11-28", Some("7")),
        ("2026-11-27", Some("1")),
        ("2026-11-26", Some("0")),
        ("2026-01-01", Some("0")),
    ] {
        let names: Vec<String> = told(key(ends)).into_iter().map(|one| one.name).collect();
        let expected: Vec<String> =
            stage.iter().map(|stage| format!("key_ends/seal-keys/0123456789abcdef/{ends}/{stage}")).collect();
        assert_eq!(names, expected, "{ends}");
    }
    let ended = &told(key("2026-11-25"))[0];
    assert_eq!((ended.site.as_str(), ended.cause), ("south", Cause::KeyEnds));
    assert!(ended.text.contains("ended on 2026-11-25") && ended.text.contains("key generate"), "{}", ended.text);
    let weak = told(EndingKey { ends_s: None, is_weak: true, of: KeyOf::Anchor, ..key("2026-11-26") });
    assert!(weak.len() == 1 && weak[0].name.ends_with("/weak") && weak[0].text.contains("--as trusted"), "{weak:?}");
    let of_others = Rule { sites: vec!["north".into()], ..rule.clone() };
    assert_eq!(names(&of_others, &Facts { keys: vec![key("2026-11-26")], ..at("2026-11-26") }), [""; 0]);
}

#[test]
fn a_key_of_no_site_is_told_to_those_alone_who_are_told_of_every_site() {
    let key = EndingKey {
        folder: "inbox-keys".into(),
        sites: Vec::new(),
        of: KeyOf::Own,
        scheme: "pgp",
        fingerprint: "0123456789abcdef".into(),
        ends_s: Some(day("2026-11-28") * (DAY / 1_000_000)),
        is_weak: false,
    };
    let facts = Facts { keys: vec![key.clone()], carrier: Some("south".into()), ..at("2026-11-26") };
    let of_all = rule(&[Cause::KeyEnds]);
    let told = bulletins(&of_all, &facts);
    assert_eq!((told.len(), told[0].site.as_str()), (1, "south"));
    let of_one = Rule { sites: vec!["south".into()], ..of_all.clone() };
    assert_eq!(names(&of_one, &facts), [""; 0]);
    assert_eq!(names(&Rule::of_contacts("south"), &facts), [""; 0]);
    assert_eq!(names(&of_all, &Facts { carrier: None, ..facts.clone() }), [""; 0], "without sites nothing leaves");
    // Then the log tells, from a month before until a month after.
    let logged = |date: &str| key.days_left_to_log(day(date) * (DAY / 1_000_000));
    assert_eq!(
        ["2026-10-29", "2026-10-28", "2026-11-28", "2026-12-28", "2026-12-29"].map(logged),
        [None, None, Some(0), Some(-30), None]
    );
    assert_eq!(logged("2026-10-30"), Some(29));
    assert_eq!(EndingKey { sites: vec!["south".into()], ..key.clone() }.days_left_to_log(facts.now / 1_000_000), None);
}

#[test]
fn how_many_keys_of_people_end_soon_is_told_once_a_week_and_names_nobody() {
    let rule = rule(&[Cause::KeyEnds]);
    let on = |date: &str, number: u64| Facts { people_keys: vec![("south".into(), number)], ..at(date) };
    assert_eq!(names(&rule, &on("2026-11-26", 0)), [""; 0]);
    let one = &bulletins(&rule, &on("2026-11-26", 1))[0];
    assert_eq!(one.subject, "1 key of people at the site south ends within 30 days");
    let several = &bulletins(&rule, &on("2026-11-27", 3))[0];
    assert!(several.subject.starts_with("3 keys of people") && several.text.contains("page Keys"), "{several:?}");
    let week = |date: &str| names(&rule, &on(date, 3));
    // Weeks begin on Thursdays, as 1970 did.
    assert_eq!(week("2026-11-26"), week("2026-12-02"));
    assert_ne!(week("2026-11-26"), week("2026-12-03"));
    let of_others = Rule { sites: vec!["north".into()], ..rule };
    assert_eq!(names(&of_others, &on("2026-11-26", 3)), [""; 0]);
}
