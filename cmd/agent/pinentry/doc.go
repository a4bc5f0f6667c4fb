// Package pinentry asks a person for the PIN of a card: by a pinentry program, which speaks the Assuan protocol over its standard
// input and output, by a window of its own on Windows, or by a command of the administrator's that prints the PIN. It implements
// card.Prompt.
//
//	texts.go           what is said, whoever shows it
//	pinentry.go        the dialogue with a pinentry
//	line.go            its lines: escaped, bounded, in memory that is wiped
//	window_windows.go  the window; form.go what is in it, as Windows wants it
//	command.go         any other program
//
// A PIN is held in byte slices that are wiped; no line of a dialogue is logged, and no PIN is in an error. What the window itself
// kept is overwritten before it goes.
package pinentry
