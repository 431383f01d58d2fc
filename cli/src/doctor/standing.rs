//! Whether a node runs, and how it stands among the others.

use super::finding::Finding;
use crate::show::Fields;

const NODE: &str = "node";
const PEERS: &str = "peers";
const REFUSED: &str = "refused";
const INCIDENTS: &str = "incidents";
const UPKEEP: &str = "upkeep";

/// What the status of the node that runs says.
pub(super) fn standing(status: Option<&Fields>) -> Vec<Finding> {
    let Some(status) = status else {
        let found = "no node runs in the folder";
        return vec![Finding::warning(
            NODE,
            found,
            "start it with `swarmlet run`",
        )];
    };
    let node = Finding::good(NODE, format!("{} runs", status.text("node")));
    [
        Some(node),
        fault(status),
        Some(peers(status)),
        refused(status),
        incidents(status),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn fault(status: &Fields) -> Option<Finding> {
    let fault = status.value("fault").map(|_| status.text("fault"))?;
    let advice = "look at the disk and its free space, then start the node again";
    Some(Finding::bad(UPKEEP, fault, advice))
}

fn peers(status: &Fields) -> Finding {
    let (seen, members) = (status.number("peers"), status.number("members"));
    if status.value("swarm").is_none() {
        let found = "the node is in no swarm";
        return Finding::good(PEERS, found);
    }
    let found = format!("{seen} of {members} other members connected");
    match (seen, members) {
        (0, 0) => Finding::good(PEERS, "there are no other members yet"),
        (0, _) => {
            let advice = "see that they run and are in the same network, or name the address of \
                          one: `swarmlet settings set network.peers '[\"tcp://...\"]'`";
            Finding::bad(PEERS, found, advice)
        }
        _ if status.number("behind") > 0 && status.number("lagSecs") > LONG_SECS => {
            let lag = status.number("lagSecs");
            let found = format!("{found}, and events are missing for {lag} s");
            Finding::warning(PEERS, found, "see `swarmlet peers` and `swarmlet offsets`")
        }
        _ => Finding::good(PEERS, found),
    }
}

fn refused(status: &Fields) -> Option<Finding> {
    let refused = status.list("refused");
    let last = refused.last()?;
    let found = format!("{} connections, the last one: {last}", refused.len());
    let advice = "a device of another swarm, or one that was put out, is no reason to worry";
    Some(Finding::warning(REFUSED, found, advice))
}

fn incidents(status: &Fields) -> Option<Finding> {
    let incidents = status.list("incidents");
    let last = incidents.last()?;
    let found = format!("{}, the last one: {last}", incidents.len());
    let advice = "`swarmlet status --json` shows all; docs/guide/swarm.md explains them";
    Some(Finding::warning(INCIDENTS, found, advice))
}

/// A device that was away catches up within.
const LONG_SECS: u64 = 60;

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    fn verdicts(status: &str) -> Vec<Verdict> {
        let status: Fields = serde_json::from_str(status).unwrap();
        let findings = standing(Some(&status));
        findings.iter().map(|finding| finding.verdict).collect()
    }

    #[test]
    fn what_is_to_be_looked_at_is_told() {
        use Verdict::{Bad, Good, Warning};

        assert_eq!(standing(None)[0].verdict, Warning);
        assert_eq!(
            verdicts(r#"{"swarm":null,"peers":0,"members":0}"#),
            [Good, Good]
        );
        assert_eq!(
            verdicts(r#"{"swarm":"s","peers":0,"members":2}"#),
            [Good, Bad]
        );
        assert_eq!(
            verdicts(r#"{"swarm":"s","peers":1,"members":2}"#),
            [Good, Good]
        );
        let late = r#"{"swarm":"s","peers":1,"members":2,"behind":3,"lagSecs":61}"#;
        assert_eq!(verdicts(late), [Good, Warning]);
        let failed = r#"{"swarm":null,"peers":0,"members":0,"fault":"cannot seal"}"#;
        assert_eq!(verdicts(failed), [Good, Bad, Good]);
        let odd = r#"{"swarm":"s","peers":1,"members":2,
                      "refused":[{"with":"a","why":"b"}],"incidents":["fork"]}"#;
        assert_eq!(verdicts(odd), [Good, Good, Warning, Warning]);
    }
}
