//! Binary `kiosk`: the kiosk itself and the commands of its technician.

mod command_line;

fn main() -> std::process::ExitCode {
    command_line::main()
}
