//! The contract of the store: one list of checks that SQLite and PostgreSQL pass alike.

#![allow(clippy::unwrap_used)]

mod again;
mod attention;
mod bulletins;
mod contacts;
mod decided_again;
mod erasing;
mod events;
mod fetching;
mod filtering;
mod grants;
mod home;
mod intake;
mod jobs;
mod keeping;
mod kept_files;
mod key_challenges;
mod key_files;
mod ledger;
mod letters;
mod listing;
mod meter;
mod outbox;
mod person_keys;
mod plans;
mod polls;
mod reading;
mod relaying;
mod retention;
mod returned;
mod secrecy;
mod shadow;
mod signing_in;
mod silences;
mod summaries;
mod support;
mod tokens;
mod traffic;
mod uploads;
mod written;

use futures_util::future::BoxFuture;
use home::Home;
use rig::postgres::{Cluster, Disk};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::task::JoinSet;

type Check = (&'static str, fn(Home) -> BoxFuture<'static, ()>);

macro_rules! checks {
    ($($module:ident: $($check:ident),+;)+) => {
        const CHECKS: &[Check] = &[
            $($((concat!(stringify!($module), "::", stringify!($check)), |home| Box::pin($module::$check(home))),)+)+
        ];
    };
}

checks! {
    intake: a_mail_is_there_after_take_in, fault_12_the_same_mail_by_the_same_way_is_known,
        a_handle_of_five_days_is_forgotten_after_them, many_at_once_are_all_there,
        content_of_every_size_comes_back, content_of_another_site_is_refused, fault_06_no_room_no_intake,
        a_dropped_writer_leaves_nothing_behind;
    jobs: a_claim_counts_the_try_and_leases, a_lane_is_worked_on_in_order_of_arrival,
        a_reply_waits_until_its_parent_is_carried_out, two_threads_of_one_issue_keep_their_order,
        fault_30_a_lost_lease_records_nothing, fault_30_two_handles_never_share_a_job,
        fault_23_a_worker_that_dies_has_used_a_try, waiting_holding_burying_and_waking,
        a_held_job_frees_its_lane_after_the_wait, renewing_is_all_or_nothing, released_work_is_untouched,
        work_waits_misses_nothing, work_waits_hears_other_handles, the_sweep_comes_again,
        a_woken_job_is_as_new, copies_without_ids_are_decided_on_one_after_the_other;
    plans: a_plan_is_written_with_its_job, a_plan_without_steps_ends_the_work, profiles_have_versions,
        mappings_have_versions_and_are_no_profiles, chosen_rules_last_until_they_are_carried_out_or_erased,
        a_plan_of_another_message_is_refused, sec_15_an_issue_that_got_something_sealed_stays_known_as_such, an_address_gets_every_notice_of_one_plan_and_each_forward_once;
    ledger: begun_once_and_in_doubt_after, looked_for_and_not_there, done_is_done,
        the_last_step_ends_the_job_with_it_or_not_at_all, failed_is_failed,
        a_late_worker_begins_nothing, waking_lets_failed_steps_begin_again, finishing_ties_message_and_people_to_the_issue;
    letters: sec_06_a_burst_of_10_000_writes_to_its_victim_once, sec_06_a_burst_oversteps_no_limit_of_a_domain_or_a_site,
        sec_06_letters_that_are_withheld_do_not_count_and_a_replay_may_send_them,
        sec_26_an_address_from_which_letters_came_back_is_written_to_no_more,
        sec_26_what_came_back_counts_for_thirty_days, a_letter_that_is_posted_during_a_delivery_is_delivered,
        a_letter_that_is_posted_after_a_delivery_stopped_is_delivered;
    outbox: letters_are_posted_with_their_decision_or_not_at_all, a_decision_that_is_begun_anew_forgets_its_drafts,
        a_letter_is_delivered_as_it_was_posted_whatever_its_size, a_letter_that_failed_is_sent_again_on_a_persons_word,
        files_are_put_into_each_letter_at_their_places, an_erased_letter_takes_its_file_along_unless_another_has_it,
        an_address_gets_so_many_letters_within_an_hour_and_the_rest_later, priv_06_files_of_letters_go_with_the_last_of_them,
        letters_that_come_back_are_counted_with_the_others, priv_06_letters_are_erased_with_the_content_of_their_site,
        priv_05_of_a_site_that_keeps_nothing_its_skeleton_is_left_within_a_minute;
    decided_again: an_event_is_decided_about_anew_alone_and_what_was_decided_before_stays_known,
        who_was_told_stays_known_while_an_event_waits_to_be_decided_anew,
        who_was_told_stays_known_whatever_else_is_erased_or_decided;
    filtering: letters_about_events_are_filtered_by_what_is_known_of_them, events_are_filtered_by_what_is_known_of_them;
    again: a_letter_that_was_sent_is_sent_once_more_by_a_step_of_its_own;
    returned: of_a_letter_that_did_not_arrive_somebody_is_told_once, what_says_nothing_of_the_recipient_is_told_to_nobody,
        only_a_report_that_is_proved_is_told;
    written: a_comment_that_asks_for_one_too_many_is_refused_and_says_so, a_letter_is_asked_for_once_and_no_more_often_than_may_be, a_letter_that_is_looked_at_is_sent_once_or_not_at_all,
        priv_06_what_people_wrote_is_erased_with_the_content_of_their_site,
        what_waits_for_a_word_waits_for_as_long_as_content_is_kept, a_comment_whose_letter_goes_to_fewer_is_decided_about_anew,
        a_letter_that_is_to_be_sent_can_be_dropped_until_it_leaves;
    reading: threads_lead_to_issues_or_to_waiting, earlier_copies_are_seen,
        copies_that_were_decided_on_earlier_are_seen, lists_filter_and_page,
        a_story_tells_everything, figures_count, ids_that_do_not_exist, looks_are_told_newest_first_with_who_had_them;
    shadow: mail_in_shadow_is_decided_on_and_nothing_of_it_happens,
        a_replay_takes_mail_out_of_the_shadow_and_counts_once,
        mail_in_shadow_is_told_in_pages_and_knows_nothing_of_other_mail;
    listing: lists_filter_by_place_issue_and_time, a_page_of_200_000_messages_reads_a_bounded_part_of_them;
    retention: priv_05_each_site_keeps_content_for_its_own_period_and_the_sweep_leaves_a_receipt,
        what_a_decision_held_is_told_and_kept_for_a_person,
        priv_05_keeping_mail_again_is_an_act_in_the_audit_trail,
        priv_06_the_oldest_content_is_as_old_as_its_period_at_most, what_needs_a_person_is_counted;
    secrecy: priv_01_priv_02_nothing_planted_is_found_at_rest, sec_46_settings_do_not_show_passwords,
        sec_50_a_key_book_that_does_not_belong_to_the_database_is_refused, sec_49_swapped_and_changed_rows_do_not_open,
        sec_49_changed_blobs_do_not_open, sec_50_another_master_key_is_refused, keys_are_renewed_before_they_wear_out,
        sec_53_the_audit_trail_shows_every_change, priv_24_ciphertexts_name_their_key,
        key_book_and_database_are_kept_apart, hashes_differ_by_site_and_use;
    keeping: old_content_is_erased_and_its_key_destroyed, content_still_needed_is_kept, orphans_go_after_a_day,
        fault_36_a_newer_schema_is_refused, everything_is_there_after_reopening, a_closed_store_says_so,
        done_jobs_go_after_a_week, fault_07_a_unit_that_fails_takes_only_itself_back;
    kept_files: a_file_is_kept_under_its_own_key_and_comes_back, priv_11_a_deleted_file_leaves_a_tombstone_and_a_receipt,
        a_key_that_outlived_its_file_goes_with_the_next_sweep, a_file_whose_key_was_destroyed_does_not_hide_the_others,
        erasing_a_mail_erases_its_files_and_old_age_does_not, a_file_that_came_to_no_issue_goes_with_the_content,
        a_file_stays_as_long_as_its_mail_waits_for_a_person,
        a_link_is_good_for_one_use_one_site_and_its_time, the_job_for_files_is_one_and_comes_again, exclusions_are_counted_once;
    attention: events_whose_work_stopped_are_told_and_found, letters_about_events_that_stopped_are_told_and_sent_again;
    bulletins: a_bulletin_is_posted_once_to_each_target, a_storm_of_bulletins_is_kept_and_not_sent,
        a_bulletin_that_failed_is_sent_again_on_a_persons_word, it_is_known_since_when_a_connection_fails,
        what_waits_aside_is_found_and_is_no_older_for_it;
    person_keys: a_key_is_kept_once_and_says_what_it_said_last, what_contradicts_waits_for_a_word,
        sec_of_keys_that_come_at_once_one_is_the_first,
        what_several_say_of_a_key_at_once_is_all_kept, what_came_with_mail_is_forgotten_long_after_its_end,
        an_accepted_key_takes_the_place_of_what_it_contradicts, an_address_has_only_so_many_keys;
    key_challenges: a_link_of_a_challenge_is_used_once, sec_45_only_so_many_challenges_are_posted,
        old_challenges_are_forgotten, a_person_is_told_once_of_each_end_of_a_key, keys_that_end_are_read_page_by_page;
    contacts: contacts_stand_in_order_and_each_address_once, a_letter_that_comes_back_flags_its_contact_and_the_next_is_told,
        billing_records_are_written_once_and_kept_for_their_years;
    meter: a_mail_is_counted_once_and_is_standard_when_something_came_of_it, each_way_in_is_a_kind_of_its_own_and_a_click_is_none,
        a_letter_is_counted_with_its_receipt, many_at_once_from_two_processes_are_all_counted,
        a_sweep_puts_days_together_and_forgets_old_ones_with_a_receipt,
        counts_of_a_site_stay_as_long_as_a_pack_is_reckoned_from_them;
    erasing: priv_07_an_event_is_erased_on_a_persons_word_and_its_deed_stays_known,
        what_several_events_share_goes_as_far_as_it_is_about_the_one,
        an_event_that_waits_is_erased_on_a_plain_word_and_nobody_is_told_of_it,
        a_decision_under_way_is_made_anew_without_an_event_that_is_erased,
        an_event_is_decided_about_or_erased_and_never_half_of_both;
    events: sec_39_a_deed_is_taken_in_once_however_often_it_is_told,
        the_events_of_an_issue_are_decided_about_together_and_in_order,
        a_job_that_was_given_up_is_tried_again_when_more_happens,
        an_urgent_event_brings_the_window_forward_and_a_patient_one_pushes_nothing_back,
        an_event_that_nobody_is_told_of_shortens_no_window, events_are_counted_apart_from_jobs,
        priv_21_an_event_that_nothing_is_decided_about_is_erased_after_a_month,
        priv_21_what_events_say_is_erased_after_a_week_and_their_deeds_are_known_longer,
        priv_07_each_site_keeps_events_for_its_own_days_and_the_sweep_leaves_a_receipt;
    summaries: a_time_is_seen_to_by_whoever_holds_the_lease,
        what_a_person_asks_for_is_not_forgotten_while_it_is_worked_on;
    polls: how_far_a_history_is_read_is_remembered_by_whoever_holds_the_lease, deeds_that_are_known_are_told_apart;
    uploads: an_invitation_is_the_same_at_each_try_and_ends, an_issue_is_named_by_its_key_in_its_site,
        files_belong_to_the_issue_that_their_message_came_to_last, a_person_deletes_a_file_under_their_name,
        clicks_and_uploads_are_no_sign_that_mail_comes_in;
    relaying: who_has_a_relayed_mail_is_known_for_five_days_by_a_hash_alone;
    relaying: a_relayed_mail_that_waits_is_kept_sealed_until_nobody_waits_any_more;
    relaying: a_kept_mail_is_tried_again_and_erased_by_hand;
    fetching: fault_13_a_name_is_known_by_its_size_and_given_up_when_it_is_anothers,
        what_lay_there_before_is_known_and_a_mailbox_is_opened_once,
        a_bookmark_is_sealed_and_moved_by_the_holder_of_the_job_alone,
        a_report_is_sealed_written_once_and_taken_away,
        messages_are_found_by_their_handles_and_mailboxes_tell_when_mail_came, how_far_a_folder_was_read_is_remembered,
        fault_24_a_mail_under_a_new_name_is_found_by_bytes_or_id_and_each_only_once,
        what_was_taken_in_and_left_behind_counts_as_taken_in, a_mailbox_of_200_000_old_mails_is_opened_in_seconds,
        a_mailbox_has_one_job_that_comes_again, sec_50_a_key_book_that_lacks_the_keys_of_a_mailbox_is_refused;
    grants: a_refresh_token_is_sealed_and_gives_way_to_the_next, a_site_has_a_grant_of_its_own, an_outgoing_server_has_a_grant_of_its_own,
        fault_33_one_process_at_a_time_has_the_turn, fault_33_a_late_answer_is_kept_unless_somebody_was_faster,
        an_access_token_that_was_refused_is_forgotten;
    traffic: sec_25_mail_that_was_acted_on_is_counted_within_the_hour;
    support: priv_15_support_signs_in_with_a_link_and_a_code_that_are_good_once,
        priv_15_who_loses_the_right_loses_links_and_sessions,
        priv_15_a_flag_ends_by_itself_and_each_act_is_in_the_audit_trail,
        priv_15_a_site_says_how_long_its_flags_may_be, priv_15_flagged_mail_is_rehearsed_and_not_replayed;
    silences: what_a_letter_offers_is_known_from_when_it_is_posted_until_it_is_erased,
        a_silence_holds_for_one_address_issue_and_site_until_it_is_taken_back,
        a_persons_word_takes_a_silence_back_without_a_link,
        sec_48_of_a_letter_that_several_have_each_ends_his_own,
        a_silence_outlives_its_letter_and_the_link_lasts_as_long_as_the_letters_row,
        sec_48_a_letter_that_is_not_posted_or_of_another_issue_or_site_ends_nothing;
    key_files: the_vault_alone_opens_its_files;
    signing_in: a_link_opens_one_session, sessions_end;
    tokens: sec_48_a_token_is_good_until_it_ends_or_is_revoked, sec_46_a_tokens_secret_and_name_are_not_at_rest,
        fault_12_a_mail_that_was_handed_in_is_known_by_its_key_or_its_bytes;
}

/// Checks that run side by side: each waits for its database for most of its time.
const AT_ONCE: usize = 3;

/// Runs every check in a store of its own and tells of all that failed, not only of the first.
async fn run(new_home: impl Fn() -> Home + Send + Sync + 'static) {
    let (next, new_home) = (Arc::new(AtomicUsize::new(0)), Arc::new(new_home));
    let mut working = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (next, new_home) = (Arc::clone(&next), Arc::clone(&new_home));
        working.spawn(async move {
            let mut failed = Vec::new();
            while let Some((name, check)) = CHECKS.get(next.fetch_add(1, Ordering::Relaxed)) {
                if tokio::spawn(check(new_home())).await.is_err() {
                    failed.push(*name);
                }
            }
            failed
        });
    }
    let failed: Vec<&str> = working.join_all().await.concat();
    assert!(failed.is_empty(), "{} of {} checks failed: {failed:#?}", failed.len(), CHECKS.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite() {
    run(Home::sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres() {
    let cluster = Arc::new(Cluster::start(Disk::Relaxed));
    run(move || Home::postgres(&cluster)).await;
}
