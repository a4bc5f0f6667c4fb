// Command lanyard is the hub and its tools: one cobra command a file, no logic of its own.
package main
