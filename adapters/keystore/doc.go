// Package keystore reads and writes the hub's own secrets in files: the private keys that sign and decrypt, with their
// certificates, and the key from which other secrets are derived. Every file must be readable by its owner alone.
//
// Keys that never leave a hardware module will come from here too; for now a key is a block in a PEM file.
package keystore
