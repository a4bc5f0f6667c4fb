// Package keyring holds the hub's own keys: what signs now and with which algorithms, what will sign next, what still has to
// verify; and what partners encrypt to, now or until recently. A key has one use.
// Private keys are reached through crypto.Signer only; where they live is the keystore adapter's matter.
package keyring
