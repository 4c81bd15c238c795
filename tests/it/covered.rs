//! Every attack and fault that a part has to meet, and the tests that show it: the tables are
//! compared with the tests that this very binary has.

mod gate;
mod looping;

use std::collections::BTreeSet;

/// Shown by tests; or by none here, and why.
enum By {
    /// Names of tests.
    Tests(&'static [&'static str]),
    /// Why there is no test, and what holds instead.
    Elsewhere(&'static str),
}
use By::{Elsewhere, Tests};

const SIGNED_IN: &str = "stories::sign_in::x17_to_x25_only_the_run_that_was_dispatched_signs_in";
const LOOKED: &str =
    "redteam::look::x26_x35_x37_x41_x43_an_agent_finds_nothing_of_the_job_and_takes_nothing_out";
const REACHED: &str = "redteam::reach::x35_x36_x37_no_way_leads_out_and_no_packet_leaves";
const IN_ACT: &str =
    "workflow::x26_x35_an_agent_in_the_job_finds_no_identity_no_ticket_and_no_token";
const BROKEN_RESULTS: &str =
    "stories::runners::k9_u8_u13_a_broken_result_stores_nothing_and_the_attempt_stays_open";
const LEASE: &str =
    "stories::leases::x27_a_lease_is_good_for_its_attempt_until_its_end_and_for_nothing_else";
const KEPT: &str =
    "stories::raid::x26_x35_x38_no_secret_of_a_job_gets_into_database_branch_or_comment";
const LITERAL: &str = "workflow::x88_nothing_in_the_file_comes_from_what_a_writer_can_change";

/// Key and tests, in the order of the catalogues.
const COVERED: [(&str, By); 57] = [
    ("x17", Tests(&[SIGNED_IN])),
    (
        "x18",
        Tests(&[
            "stories::sign_in::x18_a_token_that_names_its_own_key_or_no_algorithm_proves_nothing",
        ]),
    ),
    (
        "x19",
        Tests(&[
            SIGNED_IN,
            "stories::clocks::u10_a_token_that_a_wrong_clock_refuses_is_told_so",
        ]),
    ),
    ("x20", Tests(&["guards::x20_a_token_counts_once"])),
    (
        "x21",
        Tests(&[
            "guards::x21_another_workflow_may_not_sign_in",
            "stories::runners::x21_another_run_with_our_ticket_is_told_that_it_is_taken",
        ]),
    ),
    ("x22", Tests(&[SIGNED_IN])),
    ("x23", Tests(&[SIGNED_IN])),
    ("x24", Tests(&[SIGNED_IN])),
    ("x25", Tests(&[SIGNED_IN])),
    ("x26", Tests(&[LOOKED, IN_ACT, KEPT])),
    (
        "x27",
        Tests(&[
            LEASE,
            "gateway::lease::x27_a_lease_calls_a_model_only_while_its_attempt_works",
        ]),
    ),
    (
        "x28",
        Tests(&[
            "stories::runners::x28_a_lease_of_one_task_is_no_lease_of_another",
            LEASE,
        ]),
    ),
    ("x29", Tests(&[BROKEN_RESULTS])),
    (
        "x30",
        Tests(&[
            "stories::keys::x30_keys_are_taken_from_the_issuer_alone_and_no_redirect_is_followed",
        ]),
    ),
    (
        "x31",
        Tests(&["text::x31_x32_only_what_a_person_sees_comes_in"]),
    ),
    (
        "x32",
        Tests(&["text::x31_x32_only_what_a_person_sees_comes_in"]),
    ),
    (
        "x33",
        Tests(&[
            "agents::instructions::x33_a_later_attempt_sees_the_instructions_of_the_base_and_reverts_none",
            "agents::instructions::x33_a_real_agent_reads_the_instructions_of_the_base",
        ]),
    ),
    (
        "x34",
        Elsewhere(
            "risk tiers and the scans of the gate are its issue's; here a change is never more than a draft, whose paths are judged (x50 to x63) and whose tests run",
        ),
    ),
    ("x35", Tests(&[LOOKED, REACHED, IN_ACT])),
    (
        "x36",
        Tests(&[
            REACHED,
            "runner::egress::x36_a_host_that_is_not_on_the_list_is_refused",
            "runner::egress::x36_every_other_way_out_is_closed",
        ]),
    ),
    ("x37", Tests(&[LOOKED, REACHED])),
    (
        "x38",
        Tests(&[
            LOOKED,
            KEPT,
            "transitions::words::x38_what_the_agent_calls_itself_and_asks_for_goes_out_without_secrets",
        ]),
    ),
    (
        "x39",
        Tests(&["proposal::x39_links_lead_only_where_the_policy_of_the_task_allows"]),
    ),
    (
        "x40",
        Tests(&["text::x40_a_foreign_title_means_nothing_in_a_commit"]),
    ),
    (
        "x41",
        Tests(&[
            LOOKED,
            "redteam::say::x41_a_program_that_is_no_agent_commands_nothing",
            "redteam::say::x41_an_agent_s_words_titles_and_file_names_command_nothing",
            "redteam::say::x41_what_a_server_answers_commands_nothing",
        ]),
    ),
    ("x42", Tests(&["text::x14_x41_x42_one_line_stays_one_line"])),
    (
        "x43",
        Tests(&[
            LOOKED,
            "workflow::for_older_servers_one_line_is_left_out_and_nothing_else",
        ]),
    ),
    ("x44", Tests(&[BROKEN_RESULTS, LEASE])),
    (
        "x45",
        Tests(&[
            "stories::sessions::x45_a_session_is_nobody_else_s",
            "stories::sessions::x45_the_next_attempt_is_told_what_came_before_as_data",
            "runner::session::x45_a_bad_archive_means_no_resume_and_hits_nothing",
        ]),
    ),
    (
        "x46",
        Tests(&[
            "gateway::budget::x46_calls_side_by_side_do_not_go_past_the_budget",
            "gateway::passing::x46_before_the_budget_ends_the_agent_is_told",
        ]),
    ),
    (
        "x47",
        Tests(&["stories::leases::x47_a_token_for_one_repository_opens_no_other"]),
    ),
    (
        "x48",
        Tests(&["redteam::look::x48_set_up_commands_see_no_more_than_an_agent"]),
    ),
    (
        "x49",
        Tests(&[LITERAL, "workflow::the_file_is_clean_under_its_linters"]),
    ),
    (
        "x86",
        Tests(&[
            "stories::runners::x86_the_same_key_gets_the_same_lease_and_another_key_ends_the_attempt",
            "stories::sign_in::x86_a_ticket_is_good_until_the_set_up_limit",
        ]),
    ),
    (
        "x87",
        Tests(&[
            "policy::x87_a_policy_that_is_too_large_is_not_parsed",
            "policy::x87_each_bad_policy_is_refused_with_place_and_remedy",
        ]),
    ),
    ("x88", Tests(&[LITERAL])),
    (
        "u1",
        Tests(&[
            "stories::runners::u1_a_runner_that_dies_silently_is_replaced_with_a_higher_fence",
        ]),
    ),
    ("u2", Tests(&["guards::u2_an_older_fence_is_stale"])),
    (
        "u3",
        Tests(&[
            "stories::runners::u3_the_same_result_twice_has_one_receipt_and_another_one_is_refused",
        ]),
    ),
    (
        "u4",
        Tests(&["stories::requests::u4_c4_a_result_after_stop_is_gone_and_applies_nothing"]),
    ),
    (
        "u5",
        Tests(&["stories::runners::u5_no_runner_within_a_day_is_said_and_the_run_is_cancelled"]),
    ),
    ("u6", Tests(&[SIGNED_IN])),
    (
        "u7",
        Tests(&["stories::runners::u7_a_run_that_a_person_cancels_stays_cancelled"]),
    ),
    ("u8", Tests(&[BROKEN_RESULTS])),
    (
        "u9",
        Tests(&["redteam::stay::u9_a_runner_whose_clock_is_an_hour_off_works_all_the_same"]),
    ),
    (
        "u10",
        Tests(&[
            "stories::clocks::u10_a_wrong_clock_is_named_and_the_server_is_not_ready",
            "stories::clocks::u10_a_token_that_a_wrong_clock_refuses_is_told_so",
        ]),
    ),
    (
        "u11",
        Tests(&["stories::runners::u11_signs_of_life_do_not_outlast_the_limits_of_the_brief"]),
    ),
    (
        "u12",
        Tests(&["stories::runners::u12_nothing_changed_is_said_and_no_pull_request_is_opened"]),
    ),
    (
        "u13",
        Tests(&[
            BROKEN_RESULTS,
            "stories::real::u13_an_agent_that_floods_is_ended",
        ]),
    ),
    (
        "u14",
        Tests(&[
            "stories::real::u14_without_bubblewrap_nothing_runs_and_the_remedy_is_said",
            "runner::u14_what_cannot_be_installed_is_said_and_nothing_runs",
        ]),
    ),
    (
        "u15",
        Tests(&[
            "stories::machines::u15_a_policy_that_wants_hosted_machines_refuses_others_once_and_says_so",
            "redteam::stay::u15_what_a_killed_runner_left_is_removed_by_the_next_one",
        ]),
    ),
    (
        "a18",
        Tests(&[
            "stories::keys::a18_without_the_issuer_s_keys_nobody_is_believed_and_everybody_may_try_again",
            "stories::keys::a18_a_key_that_changed_is_found_and_asked_for_once_a_minute",
        ]),
    ),
    (
        "k6",
        Tests(&[
            "stories::crashes::k6_k7_a_run_whose_dispatch_was_not_heard_of_is_found_by_its_name",
        ]),
    ),
    (
        "k7",
        Tests(&[
            "stories::crashes::k6_k7_a_run_that_never_began_is_asked_for_again_once_it_would_be_listed",
        ]),
    ),
    (
        "k8",
        Tests(&[
            "stories::sign_in::k8_who_signs_in_again_gets_another_ticket_and_the_first_is_void",
            "stories::runners::k8_a_runner_that_entered_gets_its_lease_again_whatever_was_dispatched_since",
        ]),
    ),
    ("k9", Tests(&[BROKEN_RESULTS])),
    (
        "k10",
        Tests(&["store::record::k10_a_result_is_stored_with_the_decision_on_it"]),
    ),
];

/// The tests that this binary has, as it lists them itself.
fn listed() -> BTreeSet<String> {
    let own = std::env::current_exe().unwrap();
    let listed = std::process::Command::new(own)
        .args(["--list", "--format=terse"])
        .output()
        .unwrap();
    let text = String::from_utf8(listed.stdout).unwrap();
    let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
    names.map(str::to_owned).collect()
}

/// Every key that the issue names: X17 to X49, X86 to X88, U1 to U15, A18, K6 to K10.
fn keys() -> Vec<String> {
    let span =
        |letter: &'static str, from: u32, to: u32| (from..=to).map(move |n| format!("{letter}{n}"));
    let attacks = span("x", 17, 49).chain(span("x", 86, 88));
    attacks
        .chain(span("u", 1, 15))
        .chain(span("a", 18, 18))
        .chain(span("k", 6, 10))
        .collect()
}

#[test]
fn every_attack_and_fault_of_the_runner_has_its_tests() {
    let named: Vec<&str> = COVERED.iter().map(|(key, _)| *key).collect();
    assert_eq!(named, keys());
    are_there(&COVERED);
}

#[test]
fn every_attack_and_fault_of_the_gate_has_its_tests() {
    are_there(&gate::COVERED);
}

#[test]
fn every_fault_of_the_loop_has_its_tests() {
    are_there(&looping::COVERED);
}

fn are_there(covered: &[(&str, By)]) {
    let listed = listed();
    assert!(listed.len() > 100, "{}", listed.len());
    for (key, by) in covered {
        match by {
            Tests(tests) => {
                assert!(!tests.is_empty(), "{key}");
                for test in *tests {
                    assert!(listed.contains(*test), "{key}: there is no test {test}");
                }
            }
            Elsewhere(why) => assert!(why.len() > 20, "{key}"),
        }
    }
}
