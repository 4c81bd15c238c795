//! What deliveries of `merge_group` say. Source: GitHub's "Webhook events and payloads".

use super::{Payload, PayloadError, nothing};
use crate::domain::ids::{Number, Oid};
use crate::domain::notice::{BuiltGroup, Notice};

/// Where GitHub keeps the heads of groups, before the base's name.
const QUEUE_REFS: &str = "refs/heads/gh-readonly-queue/";

impl Payload<'_> {
    pub(super) fn group(&self, action: &str) -> Result<Notice, PayloadError> {
        let place = self.place()?;
        let head = self.oid("/merge_group/head_sha")?;
        match action {
            "destroyed" => Ok(Notice::GroupGone { place, head }),
            "checks_requested" => {
                let field = "/merge_group/base_ref";
                let base = self.text(field)?.strip_prefix("refs/heads/");
                let base = base.ok_or_else(|| self.missing(field))?.to_owned();
                let field = "/merge_group/head_ref";
                let number = built_for(self.text(field)?, &base);
                let group = BuiltGroup {
                    head,
                    built_on: self.oid("/merge_group/base_sha")?,
                    number: number.ok_or_else(|| self.missing(field))?,
                    base,
                };
                Ok(Notice::GroupBuilt { place, group })
            }
            _ => Ok(nothing("no action of ours on a group")),
        }
    }

    fn oid(&self, field: &'static str) -> Result<Oid, PayloadError> {
        self.text(field)?.parse().map_err(|_| self.missing(field))
    }
}

/// The pull request that `gh-readonly-queue/<base>/pr-<number>-<commit>` is built for.
fn built_for(name: &str, base: &str) -> Option<Number> {
    let rest = name.strip_prefix(QUEUE_REFS)?.strip_prefix(base)?;
    let (number, _) = rest.strip_prefix("/pr-")?.split_once('-')?;
    number.parse().ok().map(Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_named_after_its_pull_request() {
        let name = "refs/heads/gh-readonly-queue/release/1/pr-104-9f2e";
        assert_eq!(built_for(name, "release/1"), Some(Number(104)));
        for odd in [
            "refs/heads/gh-readonly-queue/release/2/pr-104-9f2e",
            "refs/heads/gh-readonly-queue/release/1/pr-x-9f2e",
            "refs/heads/release/1/pr-104-9f2e",
        ] {
            assert_eq!(built_for(odd, "release/1"), None);
        }
    }
}
