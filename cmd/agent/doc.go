// Package agent puts lanyard-agent together: the program of a workstation that signs with the Smartcard in its reader, tells the hub
// when a card comes or goes, and gives tickets to programs of the legacy world. cmd/lanyard-agent has the commands.
//
//	config.go   the configuration file; checks.go its rules
//	agent.go    New and Run: every loop is started here, and ends here
//	follow.go   what follows from a card that came or went
//	voice.go    what pages may have said in the workstation's name
//	client.go   how the commands find the running agent
//	lock.go     the screen
//	place_*.go  where files are on this operating system, and what locks its screen
//	logbook.go  the log where there is no standard error
//
// It knows nothing of the hub's rooms: the two speak docs/reference/agent.md to each other (ADR 0018). The rooms below it:
// card (PKCS#11), pinentry, channel (the hub), loopback (pages and programs), ticket (the legacy protocol).
package agent
