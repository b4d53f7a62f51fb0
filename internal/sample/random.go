package sample

import (
	"encoding/hex"
	"math/rand/v2"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// suffixLetters are the letters of generated names, as Kubernetes draws them: no vowels, so no words.
const suffixLetters = "bcdfghjklmnpqrstvwxz2456789"

// random is one stream of chance. Each part of the generator has its own, so that a change in one part does not move the
// names and times of the others.
type random struct{ *rand.Rand }

func newRandom(seed uint64, stream uint64) random {
	return random{rand.New(rand.NewPCG(seed, stream))}
}

// word draws a suffix such as "x2k9d".
func (r random) word(length int) string {
	text := make([]byte, length)
	for i := range text {
		text[i] = suffixLetters[r.IntN(len(suffixLetters))]
	}
	return string(text)
}

// uid draws a version 4 UUID.
func (r random) uid() types.UID {
	var raw [16]byte
	for i := range raw {
		raw[i] = byte(r.Uint32())
	}
	raw[6] = raw[6]&0x0f | 0x40
	raw[8] = raw[8]&0x3f | 0x80
	text := hex.EncodeToString(raw[:])
	return types.UID(text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:])
}

// between draws a duration in whole microseconds.
func (r random) between(low, high time.Duration) time.Duration {
	return low + time.Duration(r.Int64N(int64((high-low)/time.Microsecond)))*time.Microsecond
}

// chance is true with the given probability.
func (r random) chance(p float64) bool { return r.Float64() < p }

func pick[T any](r random, list []T) T { return list[r.IntN(len(list))] }
