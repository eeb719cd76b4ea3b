//! The order of stages: each after what it reads from, else as in the file; or the cycle that forbids it.

use std::collections::BTreeSet;

use petgraph::{
    algo::tarjan_scc,
    graph::{DiGraph, NodeIndex},
};

/// Positions in the order in which stages can run, or the stages of one cycle in its order.
///
/// `upstream[i]` are the positions that stage `i` reads from.
pub fn order(upstream: &[BTreeSet<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut graph = DiGraph::<(), ()>::with_capacity(upstream.len(), upstream.len());
    let nodes: Vec<NodeIndex> = upstream.iter().map(|_| graph.add_node(())).collect();
    for (position, sources) in upstream.iter().enumerate() {
        for source in sources {
            graph.add_edge(nodes[*source], nodes[position], ());
        }
    }
    if let Some(cycle) = cycle(&graph) {
        return Err(cycle);
    }
    let mut waiting: Vec<usize> = upstream.iter().map(BTreeSet::len).collect();
    let mut ready: BTreeSet<usize> = (0..upstream.len()).filter(|position| waiting[*position] == 0).collect();
    let mut order = Vec::with_capacity(upstream.len());
    while let Some(position) = ready.pop_first() {
        order.push(position);
        for next in graph.neighbors(nodes[position]).map(NodeIndex::index) {
            waiting[next] -= 1;
            if waiting[next] == 0 {
                ready.insert(next);
            }
        }
    }
    Ok(order)
}

/// One cycle, from its stage that comes first in the file.
fn cycle(graph: &DiGraph<(), ()>) -> Option<Vec<usize>> {
    let is_cycle = |group: &Vec<NodeIndex>| group.len() > 1 || graph.contains_edge(group[0], group[0]);
    let group: BTreeSet<NodeIndex> = tarjan_scc(graph)
        .into_iter()
        .filter(is_cycle)
        .min_by_key(|group| group.iter().min().copied())?
        .into_iter()
        .collect();
    let start = *group.first()?;
    // Breadth first from `start` within its group: the first way back is a shortest cycle.
    let mut ways = vec![vec![start]];
    let mut seen = BTreeSet::from([start]);
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let mut neighbors: Vec<NodeIndex> =
                graph.neighbors(way[way.len() - 1]).filter(|next| group.contains(next)).collect();
            neighbors.sort();
            for next in neighbors {
                if next == start {
                    return Some(way.into_iter().map(NodeIndex::index).collect());
                }
                if seen.insert(next) {
                    longer.push(way.iter().copied().chain([next]).collect());
                }
            }
        }
        ways = longer;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_shortest_cycle_is_named_from_its_first_stage() {
        let upstream = [vec![], vec![0, 3], vec![1], vec![2], vec![4]].map(BTreeSet::from_iter);
        assert_eq!(order(&upstream), Err(vec![1, 2, 3]));
        assert_eq!(order(&[BTreeSet::from([0])]), Err(vec![0]));
    }

    #[test]
    fn the_order_of_the_file_stands_where_nothing_forbids_it() {
        let upstream = [vec![2], vec![], vec![1], vec![]].map(BTreeSet::from_iter);
        assert_eq!(order(&upstream), Ok(vec![1, 2, 0, 3]));
    }

    proptest! {
        #[test]
        fn everything_comes_after_what_it_reads(
            edges in prop::collection::vec((0_usize..12, 0_usize..12), 0..40),
            rank in Just((0..12).collect::<Vec<usize>>()).prop_shuffle(),
        ) {
            let mut upstream = vec![BTreeSet::new(); 12];
            for (one, other) in edges.into_iter().filter(|(one, other)| one != other) {
                let (before, after) = if rank[one] < rank[other] { (one, other) } else { (other, one) };
                upstream[after].insert(before);
            }
            let order = order(&upstream).expect("edges follow a rank");
            let mut sorted = order.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..12).collect::<Vec<_>>());
            for (at, position) in order.iter().enumerate() {
                prop_assert!(upstream[*position].iter().all(|before| order[..at].contains(before)));
            }
        }
    }
}
