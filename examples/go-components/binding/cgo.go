//go:build cgo

package binding

/*
#include <stdint.h>
static uint32_t mix(uint32_t x) { x ^= x >> 16; return x * 0x45d9f3bu; }
*/
import "C"

// MixC is Mix in C.
func MixC(x uint32) uint32 { return uint32(C.mix(C.uint32_t(x))) }
