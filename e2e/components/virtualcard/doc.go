// Package virtualcard is a PIV card in software and the line by which it reaches vsmartcard's reader, so that middleware and PC/SC
// service between a card and a program can be the real ones.
//
//	piv.go     the card: select, read, verify a PIN and count the wrong ones, sign
//	reader.go  inserting and removing it
package virtualcard
