//! The swarm: each call is prepared here and made by the front.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use swarmlet_facade::Terms;

use crate::arguments::{count, time_limit};
use crate::call::Call;
use crate::failure::OrRaise;
use crate::port::Outcome;
use crate::status::{Changes, status};

/// A node's place in its swarm.
#[pyclass(frozen, module = "swarmlet._native")]
pub(crate) struct Swarm(Arc<swarmlet_facade::Swarm>);

impl Swarm {
    pub(crate) fn new(swarm: swarmlet_facade::Swarm) -> Self {
        Self(Arc::new(swarm))
    }
}

/// What a device is granted: capabilities, name, labels, uses, microseconds.
type GivenTerms<'py> = (
    Option<String>,
    Option<String>,
    Option<BTreeMap<String, String>>,
    Option<Bound<'py, PyAny>>,
    Option<Bound<'py, PyAny>>,
);

#[pymethods]
impl Swarm {
    /// The swarm that the node is in, or wants to join.
    #[getter]
    fn id(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let id = py.detach(|| self.0.id()).or_raise(py)?;
        Ok(id.map(|id| id.to_string()))
    }

    /// Founds a swarm.
    fn create(&self, name: String, device: String) -> Call {
        let swarm = self.0.clone();
        let founded = |founded| Outcome::Founded(Box::new(founded));
        Call::short(founded, move |completion| {
            swarm.create(name, device, completion);
        })
    }

    /// Makes this node an issuer.
    fn become_issuer(&self, root_key: String) -> Call {
        let swarm = self.0.clone();
        Call::short(Outcome::done, move |completion| {
            swarm.become_issuer(root_key, completion);
        })
    }

    /// Makes an invite.
    fn invite(&self, terms: GivenTerms<'_>) -> PyResult<Call> {
        let (swarm, terms) = (self.0.clone(), to_terms("swarm.invite", terms)?);
        Ok(Call::short(Outcome::Text, move |completion| {
            swarm.invite(terms, completion);
        }))
    }

    /// Takes an invite back.
    fn withdraw(&self, invite: String) -> Call {
        let swarm = self.0.clone();
        Call::short(Outcome::Flag, move |completion| {
            swarm.withdraw(invite, completion);
        })
    }

    /// Joins by an invite.
    fn join(&self, invite: String, name: String, timeout: Option<f64>) -> Call {
        let (swarm, timeout) = (self.0.clone(), time_limit(timeout));
        Call::new(Outcome::done, move |completion| {
            swarm.join(invite, name, timeout, completion)
        })
    }

    /// Asks an issuer to be let in.
    fn ask(&self, address: String, name: String, timeout: Option<f64>) -> Call {
        let (swarm, timeout) = (self.0.clone(), time_limit(timeout));
        Call::new(Outcome::Text, move |completion| {
            swarm.ask(address, name, timeout, completion)
        })
    }

    /// Waits until this node was let in.
    fn wait_joined(&self, timeout: Option<f64>) -> Call {
        let (swarm, timeout) = (self.0.clone(), time_limit(timeout));
        Call::new(Outcome::done, move |completion| {
            swarm.wait_joined(timeout, completion)
        })
    }

    /// Waits until all connected peers have the same events.
    fn wait_in_sync(&self, timeout: Option<f64>) -> Call {
        let (swarm, timeout) = (self.0.clone(), time_limit(timeout));
        Call::new(Outcome::done, move |completion| {
            swarm.wait_in_sync(timeout, completion)
        })
    }

    /// The devices that wait for approval.
    fn pending(&self) -> Call {
        let swarm = self.0.clone();
        Call::short(Outcome::Pending, move |completion| {
            swarm.pending(completion)
        })
    }

    /// Lets a waiting device in.
    fn approve(&self, device: String, terms: GivenTerms<'_>) -> PyResult<Call> {
        let (swarm, terms) = (self.0.clone(), to_terms("swarm.approve", terms)?);
        Ok(Call::short(Outcome::done, move |completion| {
            swarm.approve(device, terms, completion);
        }))
    }

    /// Sends a waiting device away.
    fn reject(&self, device: String) -> Call {
        let swarm = self.0.clone();
        Call::short(Outcome::done, move |completion| {
            swarm.reject(device, completion)
        })
    }

    /// Lets a device in when it asks.
    fn preauthorise(&self, device: String, terms: GivenTerms<'_>) -> PyResult<Call> {
        let (swarm, terms) = (self.0.clone(), to_terms("swarm.preauthorise", terms)?);
        Ok(Call::short(Outcome::done, move |completion| {
            swarm.preauthorise(device, terms, completion);
        }))
    }

    /// All devices of the swarm.
    fn members(&self) -> Call {
        let swarm = self.0.clone();
        Call::short(Outcome::Members, move |completion| {
            swarm.members(completion)
        })
    }

    /// Puts a device out.
    fn revoke(&self, device: String, reason: String) -> Call {
        let swarm = self.0.clone();
        Call::short(Outcome::done, move |completion| {
            swarm.revoke(device, reason, completion);
        })
    }

    /// Renews the certificate of a device.
    fn renew(&self, device: String) -> Call {
        let swarm = self.0.clone();
        Call::short(Outcome::done, move |completion| {
            swarm.renew(device, completion);
        })
    }

    /// How the node stands in the swarm.
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        status(py, self.0.status().or_raise(py)?)
    }

    /// The status now, and then whenever it has changed.
    fn changes(&self, py: Python<'_>) -> PyResult<Changes> {
        Ok(Changes::new(self.0.changes().or_raise(py)?))
    }

    /// The device has changed networks.
    fn network_changed(&self, py: Python<'_>) -> PyResult<()> {
        self.0.network_changed().or_raise(py)
    }
}

fn to_terms(operation: &'static str, given: GivenTerms<'_>) -> PyResult<Terms> {
    let (capabilities, name, labels, uses, valid) = given;
    let number = |name, value: Option<Bound<'_, PyAny>>| {
        let value = value.map(|value| count(operation, name, &value));
        value.transpose()
    };
    Ok(Terms {
        capabilities,
        name,
        labels: labels.unwrap_or_default(),
        uses: number("uses", uses)?,
        valid: number("valid", valid)?.map(Duration::from_micros),
    })
}
