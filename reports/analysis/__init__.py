"""What runs show, as pure functions: planned runs in, estimates with intervals and relations out.

In the order in which a report uses them:

    outcomes, matched   what became of each planned run; the runs of a factor as (levels, blocks, seeds)
    missing, contrasts  paired differences of all levels, with runs missing; how wide their intervals are
    sequential          looks at a growing number of seeds, which share one error rate
    interactions        whether an order turns round from one part of the grid to another
    equivalence, power  relations by a margin; what so many seeds could have shown
    pairs, comparison   all of it put together for two levels, and for a factor: `compare(matched, settings)`
    judging, limits     verdicts on claims: pairs, effects; every cell at least, at most, about a value
    selection           which cells may be the best, on variances shared among cells (moderation); what one
                        is ahead by (leads), and whether it diverges less (proportions)
    components          what moves a metric, and which of two factors more
    images              the same for new test images

`intervals` has the only t, `studentized` the only studentized range. Simulations (`matched.from_arrays`)
call the functions that reports call.
"""
