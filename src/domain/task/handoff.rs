//! A task is handed to a person: with the branch, the contract, what was done and tried, and
//! what to do next. It pauses; `/agent fix` takes it back, on top of whatever they did.

use super::Task;
use super::because::Because;
use super::correction;
use super::decision::Decision;
use super::moves::Next;
use super::stage::Stage;
use super::staged;
use crate::domain::effect::Effect;
use crate::domain::ids::CommentId;
use crate::domain::request::Person;
use crate::domain::text;

/// Commands of the contract that are listed; there are not more.
const COMMANDS_MAX: usize = 20;

impl Next<'_> {
    /// Hands the task to whoever asked. Without a pull request there is nothing to hand over.
    pub(super) fn hand_off(
        mut self,
        by: &Person,
        comment: Option<CommentId>,
        page: Option<&str>,
    ) -> Decision {
        let Some(pull) = self.task.pull.clone() else {
            return self.stays(Because::NothingToHandOff);
        };
        self.acknowledge_said(comment);
        self.cancel_run();
        if self.task.stage.is_busy() {
            let ended = Because::HandedOff.sentence().to_owned();
            self.change_last(|last| {
                last.ended.get_or_insert(ended);
            });
        }
        let body = words(&self.task, by, page);
        let key = match comment {
            Some(comment) => format!("handoff-{comment}"),
            // A button is for one attempt and one person.
            None => format!("handoff-button-{}-{}", self.task.attempts.len(), by.id),
        };
        self.effects.push(Effect::Say {
            number: self.where_people_are(),
            key,
            body,
        });
        self.end_waiting(Because::HandedOff);
        if !matches!(self.task.stage, Stage::Paused { .. }) {
            self.task.stage = Stage::Paused {
                pull: Some(pull.number),
                head: Some(pull.head),
            };
        }
        self.told(Because::HandedOff)
    }
}

fn words(task: &Task, by: &Person, page: Option<&str>) -> String {
    let contract = &task.contract;
    let branch = task.id.branch();
    let head = task.pull.as_ref().map_or("", |pull| pull.head.short());
    let acceptance = match contract.acceptance.as_slice() {
        [] => "names no acceptance commands".to_owned(),
        commands => {
            let shown = commands.iter().take(COMMANDS_MAX);
            let shown: Vec<String> = shown
                .map(|command| text::inline_code(command, 120))
                .collect();
            format!("is met when {} pass", shown.join(", "))
        }
    };
    let ci = correction::ci_words(task).unwrap_or_else(|| "CI has said nothing of it yet".into());
    let page = match page {
        Some(page) => format!("\n- [What the agent said and did, attempt by attempt]({page})"),
        None => String::new(),
    };
    let staged = staged::handed_over(task).unwrap_or_default();
    format!(
        "Handed over to {}.\n\n\
         - Branch `{branch}` at `{head}`: `git fetch origin {branch} && git switch {branch}`\n\
         - The contract (`{}`) {acceptance}\n\
         - {ci}{staged}{page}\n\n{}\n\n\
         Next: push to the branch as you like; nothing of it will be overwritten. Comment `/agent fix` and what is left to do, and the agent goes on on top of your commits.",
        text::inline_code(&by.login, 40),
        contract.sha256().short(),
        correction::ledger(task)
    )
}
