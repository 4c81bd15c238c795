//! What is reported on the merge of head and base that GitHub tries by itself, as GraphQL shows it
//! beside the pull request.
//!
//! A status there counts instead of the head's (G16). Which of them are required is not known here.

use std::collections::BTreeMap;

use serde_json::Value;

use super::rows::{standing, status_standing};
use crate::domain::gate::bounded::Text;
use crate::domain::gate::facts::SeenCheck;
use crate::domain::ids::AppId;

/// The newest report of each name on a `potentialMergeCommit`; nothing where GitHub has tried none.
/// `None` where it is not as documented, or was not shown to its end: what is lacking may be red.
pub(in super::super) fn read_test_merge(commit: &Value) -> Option<Vec<SeenCheck>> {
    let contexts = &commit["statusCheckRollup"]["contexts"];
    if contexts.is_null() {
        return Some(Vec::new());
    }
    let nodes = contexts["nodes"].as_array()?;
    if contexts["totalCount"].as_u64() != u64::try_from(nodes.len()).ok() {
        return None;
    }
    // A run that was made anew stands beside the older one.
    let mut newest = BTreeMap::new();
    for node in nodes {
        let (id, check) = (node["databaseId"].as_i64(), read(node)?);
        let app = check.app.map(|app| app.0);
        let key = (check.name.to_string(), app, check.suite);
        let known = newest.get(&key);
        if known.is_none_or(|(other, _): &(Option<i64>, SeenCheck)| *other <= id) {
            newest.insert(key, (id, check));
        }
    }
    Some(newest.into_values().map(|(_, check)| check).collect())
}

fn read(node: &Value) -> Option<SeenCheck> {
    let word = |key: &str| node[key].as_str().map(str::to_ascii_lowercase);
    let suite = &node["checkSuite"];
    let (name, standing) = match node["__typename"].as_str()? {
        "CheckRun" => {
            let (status, conclusion) = (word("status"), word("conclusion"));
            let standing = standing(status.as_deref(), conclusion.as_deref());
            (node["name"].as_str()?, standing)
        }
        "StatusContext" => {
            let state = word("state")?;
            (node["context"].as_str()?, status_standing(&state))
        }
        _ => return None,
    };
    Some(SeenCheck {
        name: Text::of(name),
        app: suite["app"]["databaseId"].as_i64().map(AppId),
        suite: suite["databaseId"].as_i64(),
        workflow: None,
        standing,
        started_at: None,
        ended_at: None,
    })
}
