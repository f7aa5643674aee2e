// Package cache finds an earlier answer by the similarity of its question: exactly, or by a small HNSW graph.
package cache

import "sync"

// Dimension of the embeddings.
const Dimension = 64

// Vector is an embedding of length one.
type Vector [Dimension]float32

// Index finds the stored vector that is most similar to a query, and its cosine similarity.
type Index interface {
	Add(vector Vector)
	Search(query *Vector) (id int, similarity float32)
}

// Linear compares a query with every vector: exact.
type Linear struct {
	vectors []Vector
}

// Add stores a vector.
func (l *Linear) Add(vector Vector) { l.vectors = append(l.vectors, vector) }

// Search looks at all.
func (l *Linear) Search(query *Vector) (int, float32) {
	best, similarity := -1, float32(-1)
	for id := range l.vectors {
		if now := dot(query, &l.vectors[id]); now > similarity {
			best, similarity = id, now
		}
	}
	return best, similarity
}

// Cache is an index that several may ask at once.
type Cache struct {
	mutex     sync.RWMutex
	index     Index
	threshold float32
}

// New makes a cache that answers from the given similarity on.
func New(index Index, threshold float32) *Cache {
	return &Cache{index: index, threshold: threshold}
}

// Add stores a vector.
func (c *Cache) Add(vector Vector) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.index.Add(vector)
}

// Lookup returns the entry of a similar question; false where there is none.
func (c *Cache) Lookup(query *Vector) (int, bool) {
	c.mutex.RLock()
	defer c.mutex.RUnlock()
	id, similarity := c.index.Search(query)
	return id, similarity >= c.threshold
}

func dot(a, b *Vector) float32 {
	var s0, s1, s2, s3 float32
	for i := 0; i < Dimension; i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	return s0 + s1 + s2 + s3
}
