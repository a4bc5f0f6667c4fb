// Package hub is the composition root: it builds the program from its rooms and runs it. New wires, Start
// listens, Close drains and stops. One wire_*.go per subsystem. `lanyard serve`, `lanyard demo` and the
// end-to-end tests use the same object.
package hub
