"""贷款明白纸: what a loan costs the firm beside its interest, and in all, before and after subsidy."""
