// Package binding holds a function on both sides of cgo, to tell what crossing costs.
package binding

// Mix is a step of a hash: little work, so that the call itself is what is measured.
//
//go:noinline
func Mix(x uint32) uint32 {
	x ^= x >> 16
	return x * 0x45d9f3b
}
