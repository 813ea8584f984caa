//! Talking to the office: provisioning, time, phone codes, upload, results, collection.
