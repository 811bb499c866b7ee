//! The whole engine against the real desk and the real store: what a mail comes to, and what trouble does to it.

#![allow(clippy::unwrap_used)]

mod gateway {
    pub mod again;
    pub mod authors;
    pub mod bounces;
    pub mod bulletins;
    pub mod changes;
    pub mod channels;
    pub mod connections;
    pub mod contacts;
    pub mod contract;
    #[cfg(feature = "crash_points")]
    pub mod crash;
    pub mod deleted;
    pub mod doubt;
    pub mod drafts;
    pub mod duplicates;
    pub mod erased;
    pub mod fetching;
    pub mod graph;
    pub mod half_open;
    pub mod halts;
    pub mod hearing;
    pub mod kept;
    pub mod letters;
    pub mod limits;
    pub mod lost_answers;
    pub mod names;
    pub mod notices;
    pub mod order;
    pub mod outage;
    pub mod plans;
    pub mod poison;
    pub mod polling;
    pub mod reading;
    pub mod refusals;
    pub mod renewing;
    pub mod replay;
    pub mod returned;
    pub mod sealed;
    pub mod sending_graph;
    pub mod sets;
    pub mod summaries;
    pub mod told;
    pub mod too_large;
    pub mod touchy;
    pub mod trouble;
    pub mod uploads;
    pub mod walk;
    pub mod world;
    pub mod written;
}

use futures_util::future::LocalBoxFuture;
use gateway::world::Database;
use gateway::{
    again, authors, bounces, bulletins, changes, channels, connections, contacts, contract, deleted, doubt, drafts,
    duplicates, erased, fetching, graph, half_open, halts, hearing, kept, letters, limits, lost_answers, names,
    notices, order, outage, plans, poison, polling, refusals, renewing, replay, returned, sealed, sending_graph, sets,
    summaries, told, too_large, trouble, uploads, walk, written,
};
use rig::postgres::{Cluster, Disk};
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use tracker::Dialect;

type Play = fn(&Database) -> LocalBoxFuture<'_, ()>;

/// Scenarios that run side by side: each waits for most of its time.
const AT_ONCE: usize = 3;

/// All scenarios, each on a runtime of its own: the gateways that it leaves running end with it, and slow down nothing that comes after.
fn all(database: impl Fn() -> Database + Sync) {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let play_next = || {
        let (name, play) = ALL.get(next.fetch_add(1, Ordering::Relaxed))?;
        eprintln!("{name}");
        let database = database();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        if panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(play(&database)))).is_err() {
            failed.lock().unwrap().push(name);
        }
        runtime.shutdown_background();
        Some(())
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| while play_next().is_some() {});
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} of {} scenarios failed: {failed:#?}", failed.len(), ALL.len());
}

/// What is not SQLite beside a Jira Cloud: neither knows of the other, so they are tried together (DECISIONS 295). In one test, because starting a
/// cluster takes longer than any scenario.
#[test]
fn all_on_postgres_beside_data_center() {
    let cluster = Arc::new(Cluster::start(Disk::Relaxed));
    all(|| Database::postgres(&cluster, Dialect::JiraDataCenter));
}

/// Each scenario on SQLite, as a test of its own.
macro_rules! on_sqlite {
    ($($module:ident::$scenario:ident;)*) => {
        $(mod $scenario {
            /// Made in a frame of its own: side by side they are too much for a thread's stack.
            pub fn play(database: &super::Database) -> super::LocalBoxFuture<'_, ()> {
                Box::pin(super::$module::$scenario(database))
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                play(&super::Database::sqlite()).await;
            }
        })*

        const ALL: &[(&str, Play)] = &[$((stringify!($scenario), $scenario::play)),*];
    };
}

on_sqlite! {
    renewing::webhooks_of_an_app_are_renewed_each_day;
    renewing::an_app_that_may_not_renew_asks_again_later;
    walk::a_mail_becomes_an_issue;
    walk::a_reply_becomes_a_comment;
    walk::a_quote_of_the_issue_is_left_out_and_an_answer_in_it_is_not;
    walk::files_are_streamed_from_the_mail_to_the_issue;
    walk::the_received_field_is_kept_but_not_digested;
    kept::a_file_that_is_too_large_is_kept_and_linked;
    kept::a_replay_keeps_no_file_twice;
    kept::a_replay_to_another_project_takes_the_file_along;
    kept::a_file_that_was_deleted_is_kept_by_no_replay;
    uploads::the_upload_page_is_closed_while_its_mailbox_is_in_shadow;
    uploads::the_same_files_sent_twice_are_added_once;
    uploads::files_that_come_after_a_switch_to_shadow_are_refused;
    uploads::a_mailbox_of_another_site_takes_no_files;
    uploads::the_upload_page_asks_for_the_rights_of_an_account_where_mail_would;
    uploads::fault_06_a_full_queue_takes_no_files;
    uploads::a_file_goes_from_here_when_it_is_known_to_hang_on_its_issue;
    kept::priv_11_files_go_ninety_days_after_resolution_and_reopening_stops_the_clock;
    kept::files_go_in_the_status_that_the_profile_names;
    authors::sec_01_only_a_proved_author_joins_his_thread_by_dns;
    authors::sec_04_only_a_proved_author_joins_his_thread_by_header;
    authors::sec_08_no_signature_around_a_mail_lends_anybody_a_part;
    authors::sec_08_no_signature_around_a_mail_proves_its_author;
    authors::sec_25_a_form_has_no_more_budget_than_the_person_it_writes_for;
    authors::fault_29_a_mail_waits_for_dns_and_then_no_longer;
    letters::a_sender_is_told_once_that_no_issue_could_be_made;
    letters::fault_20_a_lost_answer_sends_the_same_letter_once_more_and_then_asks;
    letters::fault_18_a_server_that_says_later_is_asked_later_and_one_that_says_no_is_believed;
    letters::a_letter_is_tried_for_as_long_as_its_age_allows;
    letters::priv_30_at_a_dead_end_letters_are_kept_and_none_leaves;
    letters::sec_06_strangers_are_not_written_to_and_others_not_often;
    letters::sec_06_mails_decided_before_the_first_refusal_write_to_their_victim_once;
    letters::sec_26_an_address_that_refuses_for_good_is_written_to_no_more;
    letters::sec_26_a_report_about_a_letter_of_ours_counts_against_its_address;
    letters::sec_26_a_storm_of_reports_and_automatic_replies_makes_no_issue_and_no_letter;
    sealed::no_kind_of_letter_leaves_readable;
    sealed::no_trouble_lets_a_letter_out_readable;
    sealed::what_was_held_waits_when_its_site_seals_no_more;
    sealed::a_rule_says_what_those_get_who_have_no_key;
    sealed::fault_20_a_sealed_letter_whose_answer_was_lost_is_the_same_letter_once_more;
    sealed::a_channel_is_told_nothing_that_has_to_be_sealed;
    sealed::that_letters_wait_for_a_key_is_told_once;
    connections::letters_share_the_connections_that_a_server_may_have;
    connections::letters_to_one_domain_keep_their_limit_and_hinder_no_other;
    connections::a_connection_that_broke_between_letters_costs_no_try_and_doubles_none;
    connections::fault_19_a_refused_recipient_ends_no_connection_and_sends_nobody_a_second_letter;
    connections::a_connection_that_nobody_needs_is_ended;
    bounces::sec_26_a_report_marks_the_letter_notes_it_once_and_a_forged_one_does_nothing;
    bounces::an_address_that_had_its_share_waits_and_says_so;
    bounces::sec_26_who_knows_a_letter_silences_nobody_who_has_it;
    bulletins::that_something_works_again_is_told_those_alone_who_heard_of_its_outage;
    bounces::a_sender_that_is_refused_is_told_and_counts_against_no_reader;
    bounces::sec_26_a_storm_of_bounces_makes_few_notes_one_bulletin_and_no_letter;
    halts::fault_21_a_password_that_is_good_no_more_pauses_the_server_for_all_its_letters;
    halts::fault_21_an_account_is_not_locked_out_by_what_waits_for_it;
    halts::fault_21_a_quota_that_is_spent_gives_up_no_letter;
    halts::fault_22_the_next_host_is_asked_when_one_is_down_and_costs_no_try;
    halts::fault_22_a_relay_that_is_dead_for_a_day_loses_and_doubles_no_letter;
    halts::fault_18_a_server_that_says_later_for_ever_gets_the_same_letter_until_it_is_given_up;
    letters::a_token_that_the_outgoing_server_does_not_take_is_asked_for_anew_and_costs_no_letter;
    letters::those_who_look_after_mail_are_told_of_what_is_held_and_of_what_stops;
    letters::priv_30_at_a_dead_end_nobody_is_told_of_what_waits;
    replay::the_same_rules_do_nothing_a_second_time;
    replay::other_rules_do_what_is_new_and_going_back_finds_what_was_there;
    replay::a_yes_to_what_has_changed_since_does_nothing;
    replay::rules_that_are_not_in_force_are_rehearsed_and_carried_out_for_one_mail;
    replay::a_yes_counts_for_the_proposal_that_was_seen;
    letters::a_letter_that_has_to_wait_keeps_no_other_back;
    letters::fault_20_refusals_between_lost_answers_do_not_let_it_go_on;
    letters::copies_by_two_ways_are_handed_on_once;
    letters::a_replay_writes_nobody_a_second_time;
    replay::a_replay_and_a_wake_never_act_side_by_side;
    replay::sec_02_a_replay_makes_nobody_take_part_in_another_issue;
    replay::what_stays_still_leads_its_thread_there;
    replay::only_what_has_ended_is_replayed_or_erased;
    duplicates::the_same_mail_twice_is_one_issue;
    duplicates::the_same_mail_to_two_mailboxes_is_one_issue_per_project;
    duplicates::two_equal_alerts_are_two_issues;
    duplicates::sec_07_a_mail_that_somebody_else_sends_again_does_nothing;
    order::a_reply_before_its_parent_is_decided_becomes_a_comment_on_it;
    order::replies_are_carried_out_in_order_of_arrival;
    trouble::fault_15_a_site_that_says_when_is_left_alone_until_then;
    trouble::fault_15_a_limit_at_one_site_leaves_the_other_unaffected;
    trouble::fault_14_a_maintenance_page_is_an_outage_and_no_success;
    trouble::fault_14_a_gateway_error_after_the_work_was_done_makes_no_second_issue;
    trouble::a_lost_comment_is_found_by_its_marker;
    trouble::fault_03_a_lost_upload_is_found_by_name_and_size;
    trouble::a_create_that_surely_did_not_happen_is_repeated;
    outage::fault_17_a_long_outage_is_probed_waited_out_and_drained_in_order;
    outage::fault_17_an_archived_project_keeps_its_mail_for_a_person;
    doubt::fault_14_an_effect_that_comes_after_its_request_was_given_up_is_found;
    doubt::a_comment_in_doubt_stays_so_when_its_issue_cannot_be_read;
    doubt::fault_40_a_lost_upload_is_looked_for_though_its_reading_failed_at_the_end;
    doubt::a_step_begun_only_to_be_failed_is_not_in_doubt;
    refusals::fault_16_a_file_that_is_refused_does_not_stop_the_others;
    refusals::fault_16_a_forbidden_comment_is_told_and_tried_again_by_a_person;
    refusals::a_deleted_issue_is_a_permanent_fault_with_a_reason;
    refusals::fault_06_a_full_queue_refuses_mail_for_now;
    refusals::a_profile_can_be_exchanged_while_running;
    poison::fault_23_a_mail_that_kills_its_cell_is_quarantined_after_three_tries;
    poison::a_panic_costs_one_job_one_try;
    poison::fault_37_a_shutdown_gives_running_jobs_back;
    fetching::replies_in_a_mailbox_find_the_issue_of_their_parent;
    fetching::sec_04_results_of_its_own_server_count_in_a_fetched_mailbox;
    fetching::a_mailbox_that_fails_stops_no_other;
    fetching::a_mailbox_that_falls_silent_is_told;
    fetching::fault_26_a_server_that_says_nothing_is_noticed_and_stops_no_other;
    half_open::fault_26_a_connection_that_dies_after_the_login_is_noticed;
    half_open::fault_26_a_connection_that_dies_at_the_end_loses_and_doubles_nothing;
    half_open::fault_04_a_mail_that_is_done_and_not_marked_makes_no_second_issue;
    half_open::sec_60_a_server_that_gives_an_octet_now_and_then_is_given_up;
    half_open::fault_26_a_watch_that_dies_keeps_no_mail_back;
    names::fault_13_a_name_that_goes_to_another_mail_loses_nothing;
    names::fault_13_a_name_that_goes_to_another_mail_deletes_it_not_at_once;
    names::fault_13_a_name_that_goes_to_another_mail_deletes_it_not_later;
    names::fault_13_a_mail_that_its_server_changes_is_the_same_mail;
    names::fault_13_a_name_of_an_old_mail_goes_to_a_new_one;
    names::fault_13_ended_between_dele_and_quit;
    names::fault_13_a_server_without_names_is_refused_alone;
    graph::graph_leaves_the_backlog_alone_and_takes_in_what_comes_or_is_moved_there;
    graph::graph_marks_and_moves_and_deletes_only_as_the_settings_say;
    graph::what_came_in_shadow_stays_on_its_server_for_ever;
    graph::a_token_that_is_over_in_the_middle_of_a_round_is_asked_for_anew;
    graph::fault_24_a_place_that_graph_forgot_loses_and_doubles_nothing;
    graph::fault_15_graph_is_left_alone_for_as_long_as_it_says;
    graph::sec_60_hostile_answers_of_graph_cost_one_mailbox_one_round;
    graph::sec_60_a_mail_that_cannot_be_had_from_graph_holds_up_no_other;
    graph::graph_is_asked_for_four_things_at_once_at_most;
    graph::where_graph_tells_no_changes_the_folder_is_listed;
    lost_answers::fault_02_lost_answers_of_creates_make_no_second_issue;
    hearing::fault_05_what_is_not_durable_in_time_is_not_said_to_be;
    hearing::events_beyond_the_depth_of_the_queue_are_refused_at_once_and_mail_is_not;
    bulletins::a_part_of_a_plan_is_told_once_by_mail_and_by_a_channel;
    bulletins::a_channel_that_fails_is_told_again_under_the_same_id;
    bulletins::a_channel_that_says_no_or_nothing_is_left_to_a_person;
    bulletins::a_site_that_is_out_of_order_is_told_once;
    channels::a_channel_is_told_what_everybody_sees_and_nothing_else;
    channels::a_channel_that_fails_is_told_again_and_no_letter_is_sent_twice;
    channels::a_channel_that_another_site_has_is_told_nothing;
    channels::sec_36_a_channel_at_a_private_address_is_not_spoken_to;
    channels::priv_30_at_a_dead_end_no_channel_is_told;
    channels::a_no_for_now_does_not_forget_an_answer_that_was_lost;
    told::an_answer_that_names_no_letter_is_for_no_more_people_than_the_letter_that_it_quotes;
    contacts::the_next_billing_contact_is_told_when_the_letter_to_the_first_comes_back;
    contacts::single_mails_are_told_by_project_and_cause_without_what_they_say;
    contacts::packs_and_months_of_a_plan_are_written_down_once;
    plans::a_spent_plan_leaves_mail_with_its_sender;
    plans::a_spent_plan_leaves_mail_in_its_mailbox;
    plans::events_wait_for_room_and_are_told_after_an_upgrade;
    plans::a_letter_whose_answer_is_lost_is_counted_once;
    plans::events_that_waited_for_too_long_are_given_up_and_seen;
    plans::priv_07_events_that_wait_are_told_once_with_the_day_on_which_they_are_lost;
    sets::a_letter_about_an_event_offers_what_one_click_does_in_its_readers_name;
    sets::sec_48_a_link_is_good_for_its_reader_alone_and_for_as_long_as_its_letter_is_kept;
    sets::readers_of_the_same_words_share_no_letter_that_has_links;
    sets::where_nothing_listens_for_links_a_letter_leaves_without_them_and_says_why;
    sending_graph::letters_leave_by_graph_once_each_however_often_it_wants_quiet;
    sending_graph::fault_20_a_letter_whose_answer_graph_loses_is_sent_once_more_and_then_a_person_is_asked;
    sending_graph::one_refused_recipient_of_graph_keeps_no_other_back;
    sending_graph::what_is_too_large_for_graph_is_said_and_not_tried;
    sending_graph::a_letter_that_is_too_large_for_graph_goes_once_more_without_its_files;
    sending_graph::fault_21_a_mailbox_of_graph_that_takes_us_no_more_halts_all_its_letters;
    erased::a_decision_under_way_tells_nobody_of_an_event_that_is_erased;
    notices::reporter_and_watchers_are_told_of_a_comment_and_its_author_is_not;
    notices::a_search_that_the_tracker_refuses_stands_in_the_reason;
    notices::an_internal_comment_reaches_nobody_who_may_not_see_it;
    notices::a_comment_for_a_role_or_a_group_reaches_those_alone;
    notices::of_what_is_deleted_meanwhile_nobody_is_told;
    notices::what_the_tracker_cannot_show_yet_is_asked_for_again;
    notices::fault_17_a_decision_about_events_waits_for_its_tracker;
    notices::whoever_wrote_it_by_mail_is_not_told_of_it;
    notices::people_of_roles_groups_and_fields_are_found;
    notices::a_site_without_mappings_tells_nobody;
    notices::files_that_were_added_go_along_and_a_broken_one_stays_behind;
    again::a_letter_that_was_sent_tells_by_which_server_it_left;
    again::a_letter_that_was_sent_goes_to_its_recipient_once_more_on_a_persons_word;
    again::an_event_is_told_anew_to_those_whom_a_mended_mapping_means;
    again::whoever_wants_no_more_letters_gets_none_once_more;
    too_large::a_letter_that_is_refused_for_its_size_goes_once_more_without_its_files;
    too_large::what_a_server_announces_not_to_take_is_not_sent_to_it;
    too_large::a_letter_without_its_files_that_is_refused_too_has_failed;
    too_large::fault_20_a_second_form_after_a_lost_answer_is_not_sent_twice;
    too_large::a_refusal_that_is_not_about_size_keeps_the_files;
    deleted::the_end_of_an_issue_is_told_to_those_whom_its_deletion_and_the_project_say;
    deleted::of_a_guarded_issue_that_is_gone_nobody_is_told;
    deleted::who_was_told_of_an_issue_is_told_of_its_end_where_issues_decide_who_sees_them;
    deleted::the_end_of_a_comment_is_told_where_it_is_known_that_it_was_for_everybody;
    told::earlier_comments_stand_below_for_whoever_may_see_them;
    told::a_letter_answers_the_mail_of_its_reader_and_of_nobody_else;
    told::a_picture_of_ones_own_goes_along_where_the_template_shows_it;
    told::those_who_read_the_same_share_a_letter_that_names_none_of_them;
    written::a_letter_is_sent_once_however_often_it_is_asked_for_and_its_answer_becomes_a_comment;
    written::a_letter_is_made_by_the_template_that_its_writer_chose;
    written::a_letter_on_purpose_that_is_too_large_goes_once_more_without_its_files;
    written::what_a_rule_forbids_goes_to_nobody_and_says_why;
    written::a_letter_that_is_looked_at_goes_on_a_word_with_the_files_that_were_chosen;
    written::fault_02_a_note_whose_answer_is_lost_is_made_once;
    written::a_comment_writes_a_letter_for_those_who_may_and_once;
    written::what_somebody_else_put_into_a_comment_writes_no_letter_in_its_authors_name;
    drafts::what_was_looked_at_goes_to_those_alone_who_may_get_it_when_it_is_sent;
    drafts::of_an_issue_that_is_gone_by_then_nothing_is_sent;
    drafts::whoever_gets_a_letter_is_not_told_of_its_note;
    drafts::a_comment_that_writes_a_letter_is_told_without_its_directives_and_to_others_alone;
    drafts::an_internal_note_is_not_made_where_everybody_would_see_it;
    drafts::who_is_named_in_a_comment_that_is_one_too_many_is_told_of_the_comment;
    drafts::who_was_left_out_for_a_letter_that_is_refused_is_told_after_all;
    drafts::an_event_that_is_decided_anew_tells_nobody_who_got_its_letter;
    drafts::what_a_comment_says_below_its_directives_is_shown_as_the_tracker_shows_it;
    drafts::what_is_to_be_sent_can_be_dropped_while_the_tracker_is_away;
    written::a_file_that_stays_behind_is_told_to_whoever_asked_and_on_the_issue;
    returned::who_commented_is_told_once_that_the_letter_came_back_and_nobody_of_that_letter;
    returned::sec_26_a_report_that_proves_nothing_is_told_to_nobody;
    returned::what_our_own_server_refuses_for_good_is_told_to_its_author_once;
    returned::a_letter_that_is_given_up_is_told_to_its_author;
    returned::of_a_letter_about_something_internal_those_hear_who_may_see_it;
    returned::a_customer_is_not_told_and_whoever_works_on_the_issue_is;
    returned::nobody_is_told_where_the_file_says_so_and_no_author_too_often;
    returned::whoever_wrote_a_letter_on_purpose_is_told_that_it_did_not_arrive;
    summaries::a_summary_is_sent_once_at_its_time_and_shows_each_what_he_may_see;
    summaries::an_answer_by_a_link_of_a_summary_changes_its_issue;
    summaries::what_nobody_may_see_sends_nothing_and_a_try_sends_nothing;
    summaries::fault_17_a_summary_whose_list_cannot_be_had_is_tried_again_and_catches_up_once;
    summaries::whoever_unsubscribes_gets_no_more_of_it;
    polling::a_deed_is_told_once_by_the_history_and_by_webhooks;
    polling::what_a_search_shows_late_is_told_late;
    polling::fault_17_a_pass_that_fails_loses_nothing;
    changes::everything_about_an_issue_is_changed;
    changes::fault_14_lost_answers_of_changes_are_harmless;
    changes::what_is_so_already_is_left_as_it_is;
    changes::fault_16_a_refused_field_is_left_out_and_the_mail_is_not_lost;
    changes::fault_17_a_user_who_is_gone_is_left_out;
    changes::fault_16_a_change_that_is_refused_does_not_stop_the_others;
    changes::a_remark_goes_with_its_move;
    changes::fault_14_a_lost_transition_is_looked_for_by_status;
    limits::fault_15_the_limit_of_one_issue_keeps_no_other_waiting;
    limits::fault_15_a_refusal_of_one_issue_stops_no_other;
    limits::fault_15_a_refusal_by_a_quota_stops_the_site;
}

/// Jira's own document as a judge between gateway and desk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_fits_jiras_document() {
    contract::fits_jiras_document().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_mails_come_to_fits_jiras_document() {
    let bound = std::time::Duration::from_secs(300);
    tokio::time::timeout(bound, contract::mails_fit_jiras_document()).await.expect("it takes too long");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_issue_is_passed_over_between_two_pages() {
    polling::no_issue_is_passed_over_between_two_pages().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_pass_looks_back() {
    polling::each_pass_looks_back().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tracker_that_refuses_is_told_of_and_not_stormed() {
    polling::a_tracker_that_refuses_is_told_of_and_not_stormed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_that_cannot_be_read_stops_no_other() {
    polling::an_issue_that_cannot_be_read_stops_no_other().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_histories_are_read_whole() {
    polling::long_histories_are_read_whole().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_old_is_not_told() {
    polling::what_is_too_old_is_not_told().await;
}

/// The figure of the catalogue: a thousand rounds, a thousand issues.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_02_a_thousand_lost_answers_are_a_thousand_issues() {
    lost_answers::a_thousand_rounds(&Database::sqlite()).await;
}

/// Many mails take long, so they are counted on one database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_24_hundreds_of_mails_named_anew() {
    fetching::fault_24_hundreds_of_mails_named_anew(&Database::sqlite()).await;
}

/// Also the process that the sweep kills, when its environment says so.
#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_points_are_listed_once() {
    let points: Vec<&str> = engine::crash_point::LISTS.concat();
    let different: std::collections::HashSet<&str> = points.iter().copied().collect();
    assert_eq!(points.len(), different.len());
    gateway::crash::play_if_asked().await;
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_02_killed_at_every_crash_point_on_sqlite() {
    gateway::crash::sweep(Database::sqlite).await;
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_02_killed_in_every_change_of_an_issue() {
    changes::killed_in_every_change(Database::sqlite).await;
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_03_killed_after_three_of_five_files() {
    changes::killed_after_three_of_five_files(Database::sqlite).await;
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_02_killed_at_every_crash_point_on_postgres_beside_data_center() {
    let cluster = Arc::new(Cluster::start(Disk::Relaxed));
    gateway::crash::sweep(|| Database::postgres(&cluster, Dialect::JiraDataCenter)).await;
}
