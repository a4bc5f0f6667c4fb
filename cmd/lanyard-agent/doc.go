// Command lanyard-agent is the program of a workstation: it runs beside the browser and uses the Smartcard in the reader. One cobra
// command a file, no logic of its own; that is in cmd/agent.
package main
