//! Binary `kiosk`: the kiosk itself and the commands of its technician.

mod command_line;

/// What libraries copy of a citizen's data is wiped when they free it.
#[global_allocator]
static ALLOCATOR: wiping_allocator::WipingAllocator = wiping_allocator::WipingAllocator;

fn main() -> std::process::ExitCode {
    command_line::main()
}
