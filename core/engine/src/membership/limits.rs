//! Every bound of membership, with the reason for its value. Nothing here computes.

/// Bytes of a name or label: it is shown to people on one line.
pub const NAME_BYTES_MAX: usize = 64;

/// Root keys of a swarm: one for each person who may lose theirs.
pub const ROOT_KEYS_MAX: usize = 16;

/// Bytes of a root set: sixteen keys, a name, a date.
pub const ROOT_SET_BYTES_MAX: usize = 1024;

/// Rights in one certificate: one for each group of streams a device has to do with.
pub const CAPABILITIES_MAX: usize = 32;

/// Labels of one device.
pub const LABELS_MAX: usize = 16;

/// Bytes of a certificate: two of them fit the first packets of a connection.
pub const CERTIFICATE_BYTES_MAX: usize = 2048;

/// Bytes of a chain: two certificates and what holds them together.
pub const CHAIN_BYTES_MAX: usize = 4608;

/// How long an expired certificate is still accepted, with a warning: a device that was switched
/// off over a season comes back by itself. Against thieves there is revocation.
pub const GRACE_SECS: u64 = 90 * 24 * 3600;

/// How far ahead of our own time a certificate may begin: a device without a clock knows no later
/// time than its newest certificate, and must still accept a device that joined after it.
pub const EARLY_SECS_MAX: u64 = 90 * 24 * 3600;

/// Bytes of the reason of a revocation.
pub const REASON_BYTES_MAX: usize = 128;

/// Streams named by one revocation.
pub const CUT_STREAMS_MAX: usize = 256;

/// Bytes of one revocation: 256 streams of up to 18 bytes, a chain of proof, and room.
pub const REVOCATION_BYTES_MAX: usize = 16 * 1024;

/// Revocations of a swarm.
pub const REVOCATIONS_MAX: usize = 1024;

/// Revocations that issuers may fill: the rest is kept for the root keys, so that an issuer gone
/// bad cannot fill the list before it is revoked itself.
pub const REVOCATIONS_BY_ISSUERS_MAX: usize = 768;

/// Bytes of all revocations: what two devices exchange before anything else.
pub const REVOCATIONS_BYTES_MAX: usize = 1024 * 1024;

/// The part of these bytes that issuers may fill.
pub const REVOCATIONS_BYTES_BY_ISSUERS_MAX: usize = 768 * 1024;

/// Devices of a swarm whose certificates are kept.
pub const DIRECTORY_MAX: usize = 4096;

/// Bytes of a stored directory: all chains at their largest.
pub const DIRECTORY_BYTES_MAX: usize = DIRECTORY_MAX * (CHAIN_BYTES_MAX + 3) + 16;

/// Bytes of the rights and labels of a grant: with everything else they fit a certificate.
pub const GRANT_BYTES_MAX: usize = 1600;

/// How long a member's certificate is valid: a year and time to renew it.
pub const MEMBER_VALID_SECS: u64 = 400 * 24 * 3600;

/// Address hints of an invite.
pub const INVITE_HINTS_MAX: usize = 4;

/// Bytes of one address hint: a multiaddress with a name.
pub const HINT_BYTES_MAX: usize = 63;

/// Characters of an invite that are looked at: the longest one has 569.
pub const INVITE_TEXT_MAX: usize = 1024;

/// Invites of one issuer that it knows of.
pub const INVITES_MAX: usize = 64;

/// For how long an issuer knows of an invite that has expired, in seconds, so that who comes with
/// it learns that it came too late: a day, in which the person who has it is likely to try.
pub const INVITE_REMEMBERED_SECS: u64 = 24 * 60 * 60;

/// Devices that one invite may let in.
pub const INVITE_USES_MAX: usize = 256;

/// Bytes of the stored state of an issuer: all invites and pre-authorised keys at their largest.
pub const REGISTRAR_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Devices that wait for approval: more than a person looks through.
pub const PENDING_MAX: usize = 64;

/// How long a request without a decision is kept.
pub const PENDING_SECS: u64 = 24 * 3600;

/// Keys that are let in without further question.
pub const PREAUTHORISED_MAX: usize = 1024;

/// How long an approved device may take to come for its certificate.
pub const APPROVED_SECS: u64 = 7 * 24 * 3600;

/// Bytes of a message of admission, mostly from somebody not yet known: the largest is a welcome,
/// with a root set, a chain and a proof.
pub const MESSAGE_BYTES_MAX: usize = 8 * 1024;
