//! Facts made at random, most of them good, so that each part decides now and then.

use castellan::domain::ci::checks::{Conclusion as Ended, Standing};
use castellan::domain::gate::asked_sections;
use castellan::domain::gate::bounded::{List, Moment, Text};
use castellan::domain::gate::facts::{
    Access, AccountKind, Adoption, Base, Ci, Commit, Enforcement, Evidence, Facts, Opener, Opinion,
    Organisation, Override, Owned, Owner, Owners, OwnersFile, Pack, Person, PolicyFile,
    PolicyState, Pull, Review, Risk, Section, SeenCheck, Steerer, Steering, Subject, Task,
    TaskState, VERSION, Workflow,
};
use castellan::domain::ids::{AppId, Number, Oid, RepositoryId, ReviewId, Sha256Hex, UserId};
use castellan::domain::request::policy::Policy;
use castellan::domain::risk::Tier;
use castellan::domain::time::Timestamp;
use proptest::prelude::*;

/// Noon.
const NOW: i64 = 1_795_867_200_000;

/// Facts with the policy that they are judged by.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) facts: Facts,
    pub(super) policy: Policy,
}

pub(super) fn oid(byte: u8) -> Oid {
    format!("{byte:02x}").repeat(20).parse().unwrap()
}

fn list<T, const N: usize>(all: Vec<T>) -> List<T, N> {
    List::of(all).unwrap()
}

/// Mostly `good`, now and then one of the others.
fn mostly<T: Clone + std::fmt::Debug + 'static>(
    good: T,
    others: &[T],
) -> impl Strategy<Value = T> + use<T> {
    prop_oneof![12 => Just(good), 1 => prop::sample::select(others.to_vec())]
}

pub(super) fn green(name: &str) -> SeenCheck {
    SeenCheck {
        name: Text::of(name),
        app: Some(AppId(15_368)),
        suite: Some(1),
        workflow: Some(Text::of(".github/workflows/ci.yml")),
        standing: Standing::Ended(Ended::Success),
        started_at: Some(Moment(Timestamp(NOW - 900_000))),
        ended_at: Some(Moment(Timestamp(NOW - 600_000))),
    }
}

fn person(id: i64) -> impl Strategy<Value = Person> {
    let access = mostly(
        Access::Write,
        &[
            Access::Admin,
            Access::Maintain,
            Access::Read,
            Access::None,
            Access::Unknown,
        ],
    );
    let kind = mostly(AccountKind::User, &[AccountKind::Bot, AccountKind::Other]);
    (access, kind, any::<bool>()).prop_map(move |(access, kind, team)| Person {
        id: UserId(id),
        login: Text::of(&format!("person{id}")),
        kind,
        access,
        teams: list(
            team.then(|| Text::of("acme/security"))
                .into_iter()
                .collect(),
        ),
    })
}

fn people() -> impl Strategy<Value = Vec<Person>> {
    (1..7_i64).map(person).collect::<Vec<_>>()
}

fn commits() -> impl Strategy<Value = Vec<Commit>> {
    let one = (0..20_u8, 1..7_i64, prop::bool::weighted(0.9));
    prop::collection::vec(one, 1..4).prop_map(|all| {
        let count = all.len();
        let commit = |(at, (what, by, known)): (usize, (u8, i64, bool))| {
            let last = at + 1 == count;
            let person = known.then_some(UserId(by));
            Commit {
                oid: oid(if last {
                    0xaa
                } else {
                    u8::try_from(at).unwrap()
                }),
                ours: what < 15,
                neutral_merge: what == 15 || what == 16,
                same_patch: what == 15,
                author: person,
                committer: None,
                pusher: person,
            }
        };
        all.into_iter().enumerate().map(commit).collect()
    })
}

fn reviews() -> impl Strategy<Value = Vec<Review>> {
    let opinion = mostly(
        Opinion::Approved,
        &[
            Opinion::ChangesRequested,
            Opinion::Dismissed,
            Opinion::Commented,
            Opinion::Pending,
        ],
    );
    let one = (1..7_i64, opinion, mostly(0xaa, &[0, 1]), 0..600_i64);
    prop::collection::vec(one, 0..5).prop_map(|all| {
        let review = |(at, (by, opinion, commit, ago)): (usize, (i64, Opinion, u8, i64))| Review {
            id: ReviewId(i64::try_from(at).unwrap()),
            by: UserId(by),
            opinion,
            commit: Some(oid(commit)),
            at: Moment(Timestamp(NOW - ago * 1000)),
        };
        all.into_iter().enumerate().map(review).collect()
    })
}

fn ci() -> impl Strategy<Value = Ci> {
    let standing = mostly(
        Standing::Ended(Ended::Success),
        &[
            Standing::Running,
            Standing::AwaitsApproval,
            Standing::Ended(Ended::Failure),
            Standing::Ended(Ended::Skipped),
            Standing::Ended(Ended::Neutral),
        ],
    );
    let checks =
        prop::collection::vec((standing, prop::sample::select(vec!["test", "lint"])), 0..4);
    (
        checks,
        mostly(true, &[false]),
        mostly(0xee, &[0xef]),
        mostly(1_i64, &[3]),
    )
        .prop_map(|(checks, settled, blob, hours)| Ci {
            head: oid(0xaa),
            since: Moment(Timestamp(NOW - hours * 3_600_000)),
            settled,
            awaits_person: false,
            checks: list(
                checks
                    .into_iter()
                    .map(|(standing, name)| SeenCheck {
                        standing,
                        ..green(name)
                    })
                    .collect(),
            ),
            workflows: list(vec![Workflow {
                path: Text::of(".github/workflows/ci.yml"),
                head: Some(oid(blob)),
                merge_base: Some(oid(0xee)),
                base: Some(oid(0xee)),
            }]),
            test_merge: List::default(),
        })
}

fn evidence() -> impl Strategy<Value = Evidence> {
    (
        mostly(true, &[false]),
        mostly(0xaa, &[0]),
        0..20_usize,
        mostly(Tier::T3, &[Tier::T0]),
        mostly(false, &[true]),
    )
        .prop_map(|(there, head, without, tier, building)| {
            let sections = asked_sections(tier, false).iter().enumerate();
            let sections = sections.filter(|(at, _)| *at != without);
            Evidence {
                pack: there.then(|| Pack {
                    repository: RepositoryId(700),
                    pull: Number(12),
                    head: oid(head),
                    base: Text::of("main"),
                    merge_base: oid(0xbb),
                    faults: List::default(),
                    sections: list(
                        sections
                            .map(|(_, name)| Section {
                                name: *name,
                                head: None,
                                findings: List::default(),
                            })
                            .collect(),
                    ),
                }),
                building_until: building.then_some(Moment(Timestamp(NOW + 1))),
            }
        })
}

fn owners() -> impl Strategy<Value = Owners> {
    (
        mostly(
            OwnersFile::Read,
            &[OwnersFile::Absent, OwnersFile::Unreadable],
        ),
        0..3_i64,
    )
        .prop_map(|(file, some)| Owners {
            file,
            touched: list(
                (0..some.min(1))
                    .map(|_| Owned {
                        line: 1,
                        pattern: Text::of("*"),
                        path: Text::of("src/a.rs"),
                        owners: list(vec![Owner {
                            name: Text::of("@acme/all"),
                            people: Some(list((1..5).map(UserId).collect())),
                        }]),
                    })
                    .collect(),
            ),
        })
}

fn task() -> impl Strategy<Value = Option<Task>> {
    let state = mostly(
        TaskState::Waiting,
        &[TaskState::Working, TaskState::Stopped],
    );
    (state, 1..4_u32).prop_map(|(state, attempts)| {
        Some(Task {
            state,
            deadline: Some(Moment(Timestamp(NOW + 60_000))),
            attempts,
            attempts_max: 3,
            will_merge_base: false,
        })
    })
}

/// Who has a part in it, beside reviews.
#[derive(Clone, Debug)]
struct Parts {
    requesters: Vec<i64>,
    steerers: Vec<(i64, Steering)>,
    adopter: Option<i64>,
    overrider: Option<i64>,
}

fn parts() -> impl Strategy<Value = Parts> {
    let by = mostly(
        Steering::Review,
        &[Steering::Command, Steering::Answer, Steering::Plan],
    );
    let adopter = mostly(None, &[Some(1_i64), Some(5)]);
    let overrider = mostly(None, &[Some(2_i64), Some(6)]);
    let requesters = prop::collection::vec(1..7_i64, 0..2);
    let steerers = prop::collection::vec((1..7_i64, by), 0..2);
    (requesters, steerers, adopter, overrider).prop_map(
        |(requesters, steerers, adopter, overrider)| Parts {
            requesters,
            steerers,
            adopter,
            overrider,
        },
    )
}

fn pull() -> impl Strategy<Value = Pull> {
    let said = (
        mostly(Opener::Us, &[Opener::App, Opener::Person]),
        mostly(700, &[701]),
        prop::sample::select(Tier::ALL.to_vec()),
        mostly(false, &[true]),
        mostly(false, &[true]),
        mostly(0_usize, &[1]),
    );
    let bare = (said, commits(), ci()).prop_map(|(said, commits, ci)| {
        let (opened_by, repository, tier, edits_policy, draft, common) = said;
        Pull {
            number: Number(12),
            draft,
            opened_by,
            opener: UserId(90),
            head_repository: Some(RepositoryId(repository)),
            head: oid(0xaa),
            merge_base: oid(0xbb),
            commits: list(commits),
            common_paths: list(vec![Text::of("src/a.rs"); common]),
            risk: Risk {
                tier,
                rules: List::default(),
                edits_policy,
            },
            task: None,
            requesters: List::default(),
            steerers: List::default(),
            adoptions: List::default(),
            people: List::default(),
            reviews: List::default(),
            owners: Owners::default(),
            evidence: Evidence::default(),
            ci,
            overrides: List::default(),
            unresolved_threads: 0,
            shared: List::default(),
        }
    });
    let all = (
        bare,
        parts(),
        people(),
        reviews(),
        evidence(),
        owners(),
        task(),
    );
    all.prop_map(
        |(pull, parts, people, reviews, evidence, owners, task)| Pull {
            people: list(people),
            reviews: list(reviews),
            evidence,
            owners,
            task,
            ..with_parts(pull, parts)
        },
    )
}

fn with_parts(pull: Pull, parts: Parts) -> Pull {
    let steerer = |(id, by)| Steerer { id: UserId(id), by };
    let adoption = |by| Adoption {
        by: UserId(by),
        ended: false,
    };
    let said = |by| Override {
        by: UserId(by),
        head: oid(0xaa),
        reason: Text::of("it burns"),
        at: Moment(Timestamp(NOW)),
    };
    Pull {
        requesters: list(parts.requesters.into_iter().map(UserId).collect()),
        steerers: list(parts.steerers.into_iter().map(steerer).collect()),
        adoptions: list(parts.adopter.map(adoption).into_iter().collect()),
        overrides: list(parts.overrider.map(said).into_iter().collect()),
        ..pull
    }
}

/// Facts of a pull request, with a policy.
pub(super) fn case() -> impl Strategy<Value = Case> {
    let state = mostly(
        PolicyState::Valid,
        &[
            PolicyState::Absent,
            PolicyState::Deleted,
            PolicyState::Invalid,
        ],
    );
    let says = (
        mostly(false, &[true]),
        mostly(false, &[true]),
        mostly(false, &[true]),
        mostly(None, &[Some("acme/security")]),
    );
    (pull(), state, says).prop_map(|(pull, state, (solo, no_ci, enrolled_not, team))| {
        let mut policy = Policy::default();
        policy.gate.solo = solo;
        policy.gate.allow_no_ci = no_ci;
        policy.gate.team = team.map(str::to_owned);
        let facts = Facts {
            version: VERSION,
            now: Moment(Timestamp(NOW)),
            app: AppId(4242),
            repository: RepositoryId(700),
            base: Base {
                branch: Text::of("main"),
                tip: oid(0xbb),
                policy: PolicyFile {
                    state,
                    sha256: Some(Sha256Hex::of("policy")),
                    mistake: None,
                },
                required: List::default(),
                enforcement: Enforcement::Unknown,
            },
            organisation: Organisation {
                enrolled: !enrolled_not,
                ..Organisation::default()
            },
            unread: None,
            published: None,
            subject: Subject::PullRequest(Box::new(pull)),
        };
        Case { facts, policy }
    })
}
