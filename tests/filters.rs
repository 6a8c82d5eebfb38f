//! Filters through the program.
