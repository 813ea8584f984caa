//! Binary `office`: see [`office::command_line`].

fn main() -> std::process::ExitCode {
    office::command_line::main()
}
