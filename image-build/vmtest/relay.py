"""Standard input and output on one side, a port of this host on the other: what QEMU starts for each connection to the office.

relay.py PORT
"""

import socket
import sys
import threading


def pump(read, write, end):
    while data := read(65536):
        write(data)
    end()


def main():
    office = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    machine = socket.socket(fileno=0)
    threading.Thread(target=pump, args=(office.recv, machine.sendall, lambda: machine.shutdown(socket.SHUT_WR)), daemon=True).start()
    pump(machine.recv, office.sendall, lambda: office.shutdown(socket.SHUT_WR))
    # What the office still says.
    threading.enumerate()[-1].join(30)


main()
