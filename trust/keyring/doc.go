// Package keyring holds the hub's own keys: what signs now, what will sign next, what still has to verify.
// Private keys are reached through crypto.Signer only; where they live is the keystore adapter's matter.
package keyring
