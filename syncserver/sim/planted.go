package sim

import (
	"yizhan/core/arbiter"
	"yizhan/core/id"
	"yizhan/core/op"
	"yizhan/core/quota"
)

// The bugs that are planted in the deciding itself, each as it is at the beginning of
// a batch.

// reissue frees the seats of a lease when its time is over.
func reissue() arbiter.Seams {
	return arbiter.Seams{Instead: func(e *op.Entry, about arbiter.About) bool {
		if e.Kind == op.LeaseEnded && e.Word == op.LeaseExpired {
			e.Word, e.Taken = op.LeaseReturned, about.Rest
		}
		return true
	}}
}

// byNumber knows an op by its device and number alone.
func byNumber() arbiter.Seams {
	return arbiter.Seams{Same: func(op.Hash, op.Hash) bool { return true }}
}

// sameState reads limits as they were when the batch began.
func sameState() arbiter.Seams {
	held := map[id.Member][]int{}
	return arbiter.Seams{Facts: func(f *quota.Facts, m id.Member) {
		if old, seen := held[m]; seen && len(old) == len(f.Held) {
			copy(f.Held, old)
			return
		}
		held[m] = append([]int(nil), f.Held...)
	}}
}

// offByOne lets a member have one more than the limit.
func offByOne() arbiter.Seams {
	return arbiter.Seams{Facts: func(f *quota.Facts, _ id.Member) {
		for i := range f.Held {
			f.Held[i]--
		}
	}}
}

// forgetWords makes no incident of an override.
func forgetWords() arbiter.Seams {
	return arbiter.Seams{Instead: func(e *op.Entry, _ arbiter.About) bool {
		return e.Kind != op.IncidentMade || e.Word != op.Overridden && e.Word != op.OverrideUnentitled
	}}
}

// promotedTwice grants a second ticket for a place in the line.
func promotedTwice() arbiter.Seams {
	return arbiter.Seams{After: func(e *op.Entry, about arbiter.About) []op.Entry {
		c := about.Claim
		if e.Kind != op.Promoted || c == nil {
			return nil
		}
		taken := about.Free(c.Seats)
		if taken == nil {
			return nil
		}
		return []op.Entry{{Kind: op.Claimed, Outcome: op.Granted, Member: c.Member, Org: c.Org, Activity: e.Activity, Pool: e.Pool, Seats: c.Seats,
			Station: c.Station, Taken: taken}}
	}}
}
