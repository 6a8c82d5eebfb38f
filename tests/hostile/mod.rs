//! Nothing that is read, asked for or loaded takes the program down.

mod inputs;
#[cfg(target_os = "linux")]
mod plugins;
#[cfg(target_os = "linux")]
mod table;
