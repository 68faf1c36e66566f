//! Whole policies, and what is read of them.

mod shapes;
mod statements;
