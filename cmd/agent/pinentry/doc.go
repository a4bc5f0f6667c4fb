// Package pinentry asks a person for the PIN of a card: by a pinentry program, which speaks the Assuan protocol over its standard
// input and output, or by a command of the administrator's that prints the PIN. It implements card.Prompt.
//
//	pinentry.go  the dialogue with a pinentry
//	line.go      its lines: escaped, bounded, in memory that is wiped
//	command.go   any other program
//
// A PIN is held in byte slices that are wiped; no line of a dialogue is logged, and no PIN is in an error.
package pinentry
