// Package memory implements every storage port in memory. Tests and the demo use it; nothing survives the process.
//
// It keeps the same promises as adapters/sqlstore, except durability: adapters/storetest checks both.
package memory
