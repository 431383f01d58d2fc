//! A node whose gateway cannot be where clients look first, as another program is there: it runs
//! without, and says why. That takes a network of its own, which only root can make; others have
//! nothing to see here.

use serde_json::Value;

use crate::harness::{Place, Running, Said, is_root};

/// Does a command in a network of its own, whose loopback interface is up.
const APART: &[&str] = &[
    "unshare",
    "--net",
    "sh",
    "-c",
    "ip link set lo up && exec \"$@\"",
    "sh",
];

/// A node that runs by way of another program.
fn run_by(place: &Place, program: &[&str]) -> Running {
    let mut node = Running::of(&mut place.command_by(program, &["run", "--log", "error"]));
    assert!(node.line().ends_with(" runs"));
    node
}

/// What the doctor says of the gateway.
fn finding(place: &Place, program: &[&str]) -> Value {
    let said = Said::of(&mut place.command_by(program, &["doctor", "--json"]));
    let rows = said
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let mut rows = rows.filter(|row: &Value| row["check"] == "gateway");
    rows.next().unwrap()
}

#[test]
fn where_another_program_has_the_port_it_is_said_to_be_taken() {
    if !is_root("a network of its own") {
        return;
    }
    let first = Place::new();
    let mut one = run_by(&first, APART);
    assert_eq!(one.line(), "apps find it at http://127.0.0.1:4454");
    let beside = format!("--net=/proc/{}/ns/net", one.number());
    let beside = ["nsenter", &beside];
    assert_eq!(finding(&first, &beside)["verdict"], "good");
    let second = Place::new();
    second.print(&["publish", "1"]);
    let before = finding(&second, &beside);
    let two = run_by(&second, &beside);
    for found in [before, finding(&second, &beside)] {
        assert_eq!(found["verdict"], "warning", "{found}");
        assert!(
            found["found"].as_str().unwrap().contains("127.0.0.1:4454"),
            "{found}"
        );
        assert!(
            found["advice"].as_str().unwrap().contains("gateway.listen"),
            "{found}"
        );
    }
    let (_, error) = second.fail(&["page"]);
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("another program is at port 4454"),
        "{error}"
    );
    let status = second.row(&["status"]);
    assert!(
        status["gatewayFault"].as_str().unwrap().contains("in use"),
        "{status}"
    );
    two.stop();
    first.print(&["settings", "set", "gateway.enabled", "false"]);
    let found = finding(&first, &beside);
    assert_eq!(found["verdict"], "warning", "{found}");
    assert!(
        found["found"].as_str().unwrap().contains("still open at"),
        "{found}"
    );
    one.stop();
    assert_eq!(finding(&first, APART)["verdict"], "good");
}
