// Package softagent is the agent of a workstation in software, as far as it signs messages: for tests alone.
package softagent
