"""What is asked and put on record at a case: consultations, checks, visits, remarks, unlocking, appeals, changes, who is there."""
