//! `swarm`: founding one, letting devices in, and putting them out.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::{Args, Subcommand};
use swarmlet::{Capabilities, QrCode};

use super::values;
use crate::ask::{self, Errand};
use crate::failure::{Failure, Result};
use crate::request::{self, Request};
use crate::show::{Column, Layout, Shown};

/// Found a swarm, let devices in, and put them out.
#[derive(Subcommand)]
pub(crate) enum Swarm {
    /// Found a swarm: the node is its first member and issuer. Prints the root key, this once.
    Create {
        /// What the swarm is called.
        name: String,
        #[command(flatten)]
        own: OwnName,
    },
    /// Print an invite: a line of text that lets a device in.
    Invite {
        #[command(flatten)]
        terms: Terms,
        /// How many devices it lets in.
        #[arg(long, default_value_t = 1, value_name = "COUNT")]
        uses: usize,
        /// For how long it is good.
        #[arg(long, default_value = "24h", value_name = "DURATION")]
        #[arg(value_parser = values::duration)]
        valid: Duration,
        /// Print a picture of it as well, for the camera of a device.
        #[arg(long)]
        qr: bool,
    },
    /// Take an invite back.
    Withdraw {
        /// The invite; `@FILE` is that of a file, `@-` that of the standard input.
        invite: String,
    },
    /// Join a swarm by an invite.
    Join {
        /// The invite; `@FILE` is that of a file, `@-` that of the standard input.
        invite: String,
        #[command(flatten)]
        own: OwnName,
        /// How long to wait for the issuer.
        #[arg(long, default_value = "1min", value_name = "DURATION")]
        #[arg(value_parser = values::duration)]
        within: Duration,
    },
    /// Ask an issuer to be let in without an invite: prints a code, and waits until it is approved.
    Ask {
        /// Where the issuer is: `tcp://127.0.0.1:4001`.
        address: String,
        #[command(flatten)]
        own: OwnName,
        /// How long to wait for each, the issuer and the approval.
        #[arg(long, default_value = "10min", value_name = "DURATION")]
        #[arg(value_parser = values::duration)]
        within: Duration,
    },
    /// List who asks to be let in, with the code that each shows.
    Pending,
    /// Let a device in that asks. Compare the codes first.
    Approve {
        /// The code that it shows, or its id.
        device: String,
        #[command(flatten)]
        terms: Terms,
    },
    /// Send a device away that asks.
    Reject {
        /// The code that it shows, or its id.
        device: String,
    },
    /// List the devices of the swarm.
    Members,
    /// Put a device out, for good.
    Revoke {
        /// Its name or its id.
        device: String,
        /// Why, for those who look at it later.
        #[arg(long, default_value = "", value_name = "TEXT")]
        reason: String,
    },
    /// Renew the certificate of a device that was away for too long.
    Renew {
        /// Its name or its id.
        device: String,
    },
    /// Make this member an issuer, with the root key.
    Promote {
        /// The file of the root key, as `@FILE`, or `@-`: on the command line others would see it.
        root_key: String,
    },
}

/// What this device is called.
#[derive(Args)]
pub(crate) struct OwnName {
    /// What this device is called [default: the name of the machine].
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
}

/// What a device that is let in gets.
#[derive(Args)]
pub(crate) struct Terms {
    /// What it may do, as in `rw:sensors*,r:*`.
    #[arg(long, default_value = "rw:*", value_name = "RIGHTS")]
    rights: Capabilities,
    /// What it is called, whatever it calls itself.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// A label of it; may be given again.
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = values::label)]
    labels: Vec<(String, String)>,
}

impl Swarm {
    pub(super) fn into_errand(self) -> Result<Errand> {
        use request::Swarm as Asked;

        let (asked, layout) = match self {
            Self::Create { name, own } => {
                return first_use(Asked::Create {
                    swarm: name,
                    device: own.device(),
                });
            }
            Self::Invite {
                terms,
                uses,
                valid,
                qr,
            } => {
                let layout = Layout::Text(if qr { invite_with_picture } else { invite });
                (Asked::Invite(terms.with(uses, valid)), layout)
            }
            Self::Withdraw { invite } => (
                Asked::Withdraw {
                    invite: ask::text(invite)?.trim().to_owned(),
                },
                Layout::Card,
            ),
            Self::Join {
                invite,
                own,
                within,
            } => {
                return first_use(Asked::Join {
                    invite: ask::text(invite)?.trim().to_owned(),
                    device: own.device(),
                    within,
                });
            }
            Self::Ask {
                address,
                own,
                within,
            } => {
                return first_use(Asked::Ask {
                    address,
                    device: own.device(),
                    within,
                });
            }
            Self::Pending => (Asked::Pending, Layout::Table(PENDING)),
            Self::Approve { device, terms } => {
                let terms = terms.with(1, Duration::ZERO);
                (Asked::Approve { device, terms }, Layout::Card)
            }
            Self::Reject { device } => (Asked::Reject { device }, Layout::Card),
            Self::Members => (Asked::Members, Layout::Table(MEMBERS)),
            Self::Revoke { device, reason } => (Asked::Revoke { device, reason }, Layout::Card),
            Self::Renew { device } => (Asked::Renew { device }, Layout::Card),
            Self::Promote { root_key } => {
                let root_key = secret(root_key)?;
                (Asked::Promote { root_key }, Layout::Card)
            }
        };
        Ok(Errand::new(Request::Swarm(asked), layout))
    }
}

/// What a device does that has just been made.
fn first_use(asked: request::Swarm) -> Result<Errand> {
    Ok(Errand::new(Request::Swarm(asked), Layout::Card).making_folder())
}

impl OwnName {
    fn device(self) -> String {
        self.device.unwrap_or_else(machine)
    }
}

#[cfg(unix)]
fn machine() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn machine() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_else(|_| "device".to_owned())
}

impl Terms {
    fn with(self, uses: usize, valid: Duration) -> request::Terms {
        request::Terms {
            rights: self.rights,
            name: self.name,
            labels: self.labels.into_iter().collect::<BTreeMap<_, _>>(),
            uses,
            valid,
        }
    }
}

/// A secret that was not written on the command line.
fn secret(given: String) -> Result<String> {
    if !given.starts_with('@') {
        let message = "everybody on this machine can see what is written on a command line";
        return Err(Failure::invalid(message).advise("name a file as @FILE, or @-"));
    }
    Ok(ask::text(given)?.trim().to_owned())
}

fn invite(row: &crate::show::Fields) -> String {
    row.text("invite")
}

fn invite_with_picture(row: &crate::show::Fields) -> String {
    let invite = invite(row);
    let picture = QrCode::of(&invite).map(|code| code.terminal());
    format!("{}\n{invite}", picture.unwrap_or_default())
}

const PENDING: &[Column] = &[
    Column::new("code", "CODE", Shown::Plain),
    Column::new("name", "NAME", Shown::Plain),
    Column::new("device", "DEVICE", Shown::Plain),
];

const MEMBERS: &[Column] = &[
    Column::new("name", "NAME", Shown::Plain),
    Column::new("node", "NODE", Shown::Plain),
    Column::new("rights", "RIGHTS", Shown::Plain),
    Column::new("labels", "LABELS", Shown::Plain),
    Column::new("isIssuer", "ISSUER", Shown::Flag),
    Column::new("isRevoked", "REVOKED", Shown::Flag),
    Column::new("isOwn", "OWN", Shown::Flag),
    Column::new("notAfter", "VALID UNTIL", Shown::Seconds),
];
