//! Blobs on the simulated disk.

mod completing;
mod files;
mod outside;
