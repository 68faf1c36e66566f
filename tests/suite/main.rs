//! The tests of the whole: the functions end to end against the stand-in account, in process or as binaries, and the
//! rules of the repository.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts_and_regions;
mod any_faults;
mod architecture;
mod by_hand;
mod cloudtrail_event;
mod cluster_reader;
mod clusters;
mod command;
mod config_rule;
mod contents;
mod delivery;
mod derived;
mod disabled_checks;
mod ecr_event;
mod ecr_images;
mod event_patterns;
mod fault_matrix;
mod faults;
mod file_systems;
mod finding_lifecycle;
mod findings;
mod forwarding;
mod hostile;
mod image_configurations;
mod image_signatures;
mod images_in_use;
mod keys;
mod least_privilege;
mod limits;
mod load;
mod load_balancers;
mod logs;
mod monitoring;
mod mute_list;
mod network;
mod networks;
mod ocsf;
mod parameters;
mod pods;
mod policies;
mod processes;
mod registries;
mod report;
mod samples;
mod slices;
mod sweep;
mod sweep_state;
mod trails;
mod untrusted;
mod volumes;
mod world;
