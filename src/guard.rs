//! The guards by name, so that a test build can take one away and show that a test misses it.
//!
//! In every build that anybody runs, [`holds`] is `true` and costs nothing. Only with the cargo
//! feature `unguarded`, which a release build refuses, does `CASTELLAN_GUARD_OFF` name one that
//! does not hold. `tests/guards.sh` takes them away one by one.

#[cfg(all(feature = "unguarded", not(debug_assertions)))]
compile_error!("the feature `unguarded` takes guards away; it is for tests alone");

/// What stands between a stranger's input and an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// A delivery is signed.
    Signature,
    /// A delivery is kept once.
    Dedupe,
    /// A request is served once, whatever brings it.
    Request,
    /// Who asks may write.
    Permission,
    /// A result carries the fence of its attempt.
    Fence,
    /// A branch moves from exactly the commit that we saw.
    ExactOldId,
    /// A change touches only what it may.
    PathRules,
    /// Only the run that was dispatched may sign in.
    Identity,
    /// A token counts once.
    IdentityOnce,
    /// Nothing runs without a sandbox.
    Sandbox,
    /// No more is spent on models than the budget has.
    Budget,
    /// Only the attempt that is under way reaches a model.
    ModelLease,
    /// Sandboxed programs reach the hosts that a policy names, and no other.
    Egress,
    /// No name leads them to an address that is not public.
    PrivateAddresses,
    /// A sandboxed program is refused calls of the kernel that are often broken.
    KernelCalls,
    /// A policy decides whose machines agents run on.
    Machine,
    /// No line of a job's log is a command to its machine.
    JobLog,
    /// Nothing reaches a branch unapproved, where the policy asks for approval.
    CiApproval,
    /// A server whose clock is wrong is not ready.
    Clock,
    /// A change that takes the base in keeps what the base did.
    BaseKept,
    /// A change that weakens tests or checks is refused.
    WeakenedTests,
}

impl Guard {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::Signature,
        Self::Dedupe,
        Self::Request,
        Self::Permission,
        Self::Fence,
        Self::ExactOldId,
        Self::PathRules,
        Self::Identity,
        Self::IdentityOnce,
        Self::Sandbox,
        Self::Budget,
        Self::ModelLease,
        Self::Egress,
        Self::PrivateAddresses,
        Self::KernelCalls,
        Self::Machine,
        Self::JobLog,
        Self::CiApproval,
        Self::Clock,
        Self::BaseKept,
        Self::WeakenedTests,
    ];

    /// Its name in `CASTELLAN_GUARD_OFF`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Dedupe => "dedupe",
            Self::Request => "request",
            Self::Permission => "permission",
            Self::Fence => "fence",
            Self::ExactOldId => "exact-old-id",
            Self::PathRules => "path-rules",
            Self::Identity => "identity",
            Self::IdentityOnce => "identity-once",
            Self::Sandbox => "sandbox",
            Self::Budget => "budget",
            Self::ModelLease => "model-lease",
            Self::Egress => "egress",
            Self::PrivateAddresses => "private-addresses",
            Self::KernelCalls => "kernel-calls",
            Self::Machine => "machine",
            Self::JobLog => "job-log",
            Self::CiApproval => "ci-approval",
            Self::Clock => "clock",
            Self::BaseKept => "base-kept",
            Self::WeakenedTests => "weakened-tests",
        }
    }
}

/// Whether `guard` holds.
#[must_use]
#[cfg(not(feature = "unguarded"))]
pub const fn holds(_guard: Guard) -> bool {
    true
}

/// Whether `guard` holds.
#[must_use]
#[cfg(feature = "unguarded")]
#[expect(
    clippy::disallowed_methods,
    reason = "read here and not in the settings, so that no settings can ever take a guard away"
)]
pub fn holds(guard: Guard) -> bool {
    static OFF: std::sync::LazyLock<Option<String>> =
        std::sync::LazyLock::new(|| std::env::var("CASTELLAN_GUARD_OFF").ok());
    OFF.as_deref() != Some(guard.name())
}
