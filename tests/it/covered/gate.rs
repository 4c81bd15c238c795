//! The attacks and faults that the gate has to meet.

use super::By::{self, Elsewhere, Tests};

const LOST_ACCESS: &str = "stories::gate::h22_whoever_lost_access_counts_no_more_within_the_hour";
const STEERED: &str = "stories::gate::attacks::x71_whoever_steered_the_agent_does_not_count";
const STRICTER: &str = "stories::gate::policies::x83_h7_a_stricter_policy_shuts_what_was_open";
const OPENED: &str = "stories::gate::an_agents_pull_request_opens_once_somebody_else_approves_it";

/// Key and tests, in the order of the catalogues.
pub(super) const COVERED: [(&str, By); 31] = [
    (
        "a15",
        Tests(&[
            "stories::gate::publishing::a15_a_run_that_waits_is_made_anew_before_github_gives_it_up",
        ]),
    ),
    (
        "a16",
        Tests(&["stories::gate::publishing::a16_from_one_conclusion_to_another_a_new_run_is_made"]),
    ),
    (
        "c7",
        Tests(&[
            "stories::gate::policies::c7_a_task_keeps_its_policy_and_the_gate_takes_the_base_s",
        ]),
    ),
    (
        "c8",
        Tests(&[
            "stories::gate::c8_what_a_paused_server_of_ours_published_late_is_answered",
            "store::gate::one_worker_publishes_for_a_head_at_a_time_under_a_number_that_grows",
        ]),
    ),
    (
        "h7",
        Tests(&[
            STRICTER,
            "stories::gate::h7_a_policy_that_broke_on_the_base_shuts_every_gate",
            "stories::gate::policies::h7_a_policy_that_is_deleted_shuts_every_gate_that_is_required",
        ]),
    ),
    (
        "h8",
        Tests(&["stories::gate::attacks::x68_h8_what_one_base_allows_says_nothing_to_another"]),
    ),
    ("h22", Tests(&[LOST_ACCESS, OPENED])),
    (
        "h23",
        Tests(&[
            "enforce::doctor::h23_an_unprotected_branch_is_advisory_and_the_remedy_is_named",
            "enforce::protect::h23_what_was_weakened_is_shown_and_put_back_and_what_others_added_stays",
            "gate::rows::h23_a_check_that_nobody_has_to_pass_says_so_before_all_else",
            "stories::enforce::h23_a_rule_that_is_gone_is_said_in_the_check_itself",
        ]),
    ),
    (
        "h24",
        Tests(&["stories::gate::groups::m1_h24_a_queue_merges_what_the_gate_allows"]),
    ),
    (
        "h25",
        Tests(&[
            "stories::gate::groups::m2_h25_a_member_that_loses_its_approval_fails_its_group_at_once",
        ]),
    ),
    (
        "k15",
        Tests(&["stories::gate::publishing::k15_a_run_whose_answer_was_lost_is_found_again"]),
    ),
    (
        "x66",
        Tests(&["stories::gate::x66_a_forged_check_of_our_name_opens_nothing"]),
    ),
    (
        "x67",
        Tests(&[
            "stories::gate::attacks::x67_a_job_of_the_required_name_in_a_workflow_of_the_change_counts_for_nothing",
        ]),
    ),
    (
        "x68",
        Tests(&[
            "stories::gate::attacks::x68_two_pull_requests_of_one_commit_have_the_stricter_verdict",
            "stories::gate::attacks::x68_h8_what_one_base_allows_says_nothing_to_another",
        ]),
    ),
    (
        "x69",
        Tests(&[
            "stories::gate::attacks::x69_run_again_is_judged_anew_and_opens_nothing_by_itself",
        ]),
    ),
    (
        "x70",
        Tests(&["stories::gate::an_approval_by_an_app_or_on_an_old_head_does_not_count"]),
    ),
    ("x71", Tests(&[STEERED, OPENED])),
    ("x72", Tests(&[OPENED])),
    (
        "x73",
        Tests(&["stories::gate::x73_a_persons_push_onto_an_approved_head_shuts_it"]),
    ),
    (
        "x74",
        Tests(&[
            "stories::gate::attacks::x74_a_merge_of_the_base_that_hides_an_edit_voids_what_was_there",
            "stories::gate::the_update_button_keeps_approvals_and_asks_ci_again",
        ]),
    ),
    (
        "x75",
        Tests(&["stories::gate::attacks::x75_comments_never_approve"]),
    ),
    (
        "x76",
        Elsewhere(
            "evidence is what this server itself has recorded; the signed pack is an issue of its own, and facts of another head, base or pull request are judged in gate::rows",
        ),
    ),
    (
        "x77",
        Tests(&["stories::gate::attacks::x77_a_person_who_edits_the_policy_needs_two_others"]),
    ),
    (
        "x78",
        Tests(&[
            "stories::gate::attacks::x78_the_agents_commits_stay_the_agents_on_a_persons_branch",
        ]),
    ),
    (
        "x79",
        Tests(&["stories::gate::attacks::x79_titles_texts_and_labels_change_nothing"]),
    ),
    (
        "x80",
        Tests(&[
            "stories::gate::groups::x80_what_an_administrator_merges_past_the_gate_is_on_record",
        ]),
    ),
    (
        "x81",
        Tests(&[
            "stories::gate::groups::x81_what_was_merged_while_the_server_was_down_is_found_by_its_recovery",
        ]),
    ),
    (
        "x82",
        Tests(&[
            "gate::evidence_page::x82_a_page_that_is_too_long_is_cut_in_whole_lines_and_says_so",
            "stories::evidence::x82_what_an_agent_says_stays_apart_and_acts_nowhere",
        ]),
    ),
    ("x83", Tests(&[STRICTER, OPENED])),
    (
        "x84",
        Tests(&["stories::gate::attacks::x84_a_fork_gets_a_verdict_and_no_task"]),
    ),
    (
        "x85",
        Tests(&[
            "stories::evidence::x85_a_button_that_we_never_showed_is_none_of_ours",
            "stories::evidence::x85_a_click_on_an_older_head_does_nothing_but_say_so",
            "stories::evidence::x85_whoever_may_not_write_clicks_in_vain_and_is_told",
        ]),
    ),
];
