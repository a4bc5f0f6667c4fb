// Package channel is how the agent of a workstation speaks to the hub: messages signed with a key of its own, each good once and for
// a minute. docs/reference/agent.md is the contract.
//
//	key.go       the key, in a file
//	jws.go       signed messages: to the hub, about presence to pages, offline proofs to partners
//	state.go     files of the state directory, and who the workstation is
//	enrol.go     the first message, with a one-time secret
//	hub.go       events and status
//	cards.go     which cards are in, for the next run to tell of one that left meanwhile
//	deliver.go   removals are kept until the hub took them
//
// The agent believes the hub by TLS. What the hub says of sessions is kept in memory only.
package channel
