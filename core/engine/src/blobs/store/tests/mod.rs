//! Blobs on the simulated disk.

mod completing;
mod files;
mod gate;
mod outside;
mod packs;
mod packs_crashing;
mod packs_damage;
mod packs_tidy;
