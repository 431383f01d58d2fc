//! What uniffi needs to be in a library: functions for memory and futures, and its name.

uniffi::setup_scaffolding!("swarmlet");
